"""A worker that is killed while it tells somebody."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from classifier.labelling import labels
from classifier.models import Delivery, Via
from classifier.recognition.labels import Event
from classifier.tests import factories, workers
from classifier.tests.webhook_receiver import Receiver, run_receiver
from classifier.webhooks import deliveries

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WITHIN_S = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


def test_what_a_killed_worker_was_sending_is_sent_once_more(
    receiver: Receiver, admin_user: User
) -> None:
    receiver.create_webhook(Event.LABEL_CREATED)
    receiver.may_respond.clear()
    labels.set_label(factories.create_image().pk, "7", admin_user, Via.API)
    first = workers.start_worker("webhooks")
    try:
        told = receiver.arrived.get(timeout=WITHIN_S)
    finally:
        first.kill()
        first.wait()
    assert deliveries.list_deliveries().get().state == "waiting"

    receiver.may_respond.set()
    workers.retry_stalled_jobs()
    second = workers.start_worker("webhooks")
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
