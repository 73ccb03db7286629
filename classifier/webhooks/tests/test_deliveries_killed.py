"""A worker that is killed while it tells somebody."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from classifier.labelling import labels
from classifier.models import Delivery, Via
from classifier.recognition.labels import Event
from classifier.tests import made, workers
from classifier.tests.receiver import Receiver, listening
from classifier.webhooks import deliveries

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WITHIN_S = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def test_what_a_killed_worker_was_sending_is_sent_once_more(
    receiver: Receiver, admin_user: User
) -> None:
    receiver.webhook(Event.LABEL_CREATED)
    receiver.may_answer.clear()
    labels.set_label(made.image().pk, "7", admin_user, Via.API)
    first = workers.start("webhooks")
    try:
        told = receiver.arrived.get(timeout=WITHIN_S)
    finally:
        first.kill()
        first.wait()
    assert deliveries.listed().get().state == "waiting"

    receiver.may_answer.set()
    workers.settle_as_if_long_silent()
    second = workers.start("webhooks")
    try:
        again = receiver.arrived.get(timeout=WITHIN_S)
    finally:
        second.terminate()  # which lets it end what it does
        second.wait()

    assert again.body == told.body
    assert again.headers["Webhook-Id"] == told.headers["Webhook-Id"]
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.status) == (1, 204)
    assert delivery.delivered_at
