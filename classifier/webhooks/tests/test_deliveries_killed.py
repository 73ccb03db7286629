import pytest
from django.contrib.auth.models import User

from classifier.labelling import labels
from classifier.models import Delivery, Via
from classifier.recognition.labels import Event
from classifier.tests import factories, workers
from classifier.tests.webhook_receiver import Receiver
from classifier.webhooks import deliveries

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WITHIN_S = 60


def test_delivery_of_killed_worker_is_repeated(receiver: Receiver, admin_user: User) -> None:
    receiver.create_webhook(Event.LABEL_CREATED)
    receiver.may_respond.clear()
    labels.set_label(factories.create_image().pk, "7", admin_user, Via.API)
    first = workers.start_worker("webhooks")
    try:
        request = receiver.arrived.get(timeout=WITHIN_S)
    finally:
        first.kill()
        first.wait()
    assert deliveries.list_deliveries().get().state == "waiting"

    receiver.may_respond.set()
    workers.retry_stalled_jobs()
    second = workers.start_worker("webhooks")
    try:
        repeated = receiver.arrived.get(timeout=WITHIN_S)
    finally:
        second.terminate()  # it finishes its job first
        second.wait()

    assert repeated.body == request.body
    assert repeated.headers["Webhook-Id"] == request.headers["Webhook-Id"]
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.status) == (1, 204)
    assert delivery.delivered_at
