import base64
import hashlib
import hmac
import logging
import re
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.models import Delivery, Webhook
from classifier.recognition.labels import Event
from classifier.tests.webhook_receiver import SECRET, Receiver, list_waiting_jobs, run_waiting_jobs
from classifier.webhooks import deliveries, events, signing, transport
from classifier.webhooks.deliveries import DeliveryState

pytestmark = pytest.mark.django_db


@pytest.fixture
def webhook(receiver: Receiver) -> Webhook:
    return receiver.create_webhook(Event.LABEL_CREATED)


@pytest.fixture
def delivery(webhook: Webhook) -> Delivery:
    """A delivery that waits."""
    events.send_test(webhook)
    return webhook.deliveries.get()


def get_state(delivery: Delivery) -> str:
    return str(deliveries.list_deliveries().get(pk=delivery.pk).state)


def sign(key: str, request: Any) -> str:
    """Sign a request as the specification says, independently of our own code."""
    content = b".".join(
        [
            request.headers["Webhook-Id"].encode(),
            request.headers["Webhook-Timestamp"].encode(),
            request.body,
        ]
    )
    mac = hmac.new(base64.b64decode(key.split("_", 1)[1]), content, hashlib.sha256)
    return "v1," + base64.standard_b64encode(mac.digest()).decode()


def test_signature_matches_specification() -> None:
    body = b'{"test": 2432232314}'
    assert signing.build_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_secret_has_32_random_bytes() -> None:
    first, second = signing.generate_secret(), signing.generate_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_delivery_is_signed_json(receiver: Receiver, delivery: Delivery) -> None:
    before = int(time.time())
    assert run_waiting_jobs() == 1

    [request] = receiver.requests
    assert request.path == "/hook?of=this"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Webhook-Id"] == str(delivery.pk)
    assert before <= int(request.headers["Webhook-Timestamp"]) <= time.time()
    assert request.headers["Webhook-Signature"] == sign(SECRET, request)
    assert list(request.json) == ["type", "timestamp", "data"]
    assert request.json == delivery.payload
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.status, delivery.error) == (1, 204, "")
    assert delivery.delivered_at
    assert (get_state(delivery), list_waiting_jobs()) == (DeliveryState.DELIVERED, [])


def test_retry_has_same_id_and_new_signature(
    receiver: Receiver, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.statuses = [500]
    clock = SimpleNamespace(time=iter([1000.0, 2000.0]).__next__)
    monkeypatch.setattr(deliveries, "time", clock)

    assert (run_waiting_jobs(), get_state(delivery)) == (1, DeliveryState.WAITING)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == (500, "The answer was 500.")
    assert (run_waiting_jobs(), get_state(delivery)) == (1, DeliveryState.DELIVERED)

    ids, times = (
        [request.headers[f"Webhook-{name}"] for request in receiver.requests]
        for name in ("Id", "Timestamp")
    )
    assert (ids, times) == ([str(delivery.pk)] * 2, ["1000", "2000"])
    assert receiver.requests[0].body == receiver.requests[1].body
    assert receiver.requests[1].headers["Webhook-Signature"] == sign(SECRET, receiver.requests[1])


@pytest.mark.parametrize("status", [199, 301, 307, 400, 404, 429, 503])
def test_failed_delivery_is_retried(receiver: Receiver, delivery: Delivery, status: int) -> None:
    receiver.statuses = [status, 200]
    run_waiting_jobs()
    assert get_state(delivery) == DeliveryState.WAITING
    assert run_waiting_jobs() == 1
    assert get_state(delivery) == DeliveryState.DELIVERED
    assert {request.path for request in receiver.requests} == {"/hook?of=this"}


def test_timed_out_delivery_is_retried(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    receiver.may_respond.clear()
    with monkeypatch.context() as patch:
        patch.setattr(transport, "TIMEOUT_S", 0.2)
        run_waiting_jobs()
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.status) == (1, None)
    assert delivery.error.startswith("There was no answer within")
    receiver.may_respond.set()
    run_waiting_jobs()
    assert get_state(delivery) == DeliveryState.DELIVERED


def test_delivery_fails_after_a_day_of_growing_waits(
    receiver: Receiver, delivery: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses = [500] * deliveries.ATTEMPTS
    waits = []
    for _ in range(deliveries.ATTEMPTS - 1):
        run_waiting_jobs()
        [job] = list_waiting_jobs()
        waits.append((job["scheduled_at"] - timezone.now()).total_seconds())
    assert waits == sorted(waits)
    assert waits[0] < 20
    assert timedelta(hours=18) < timedelta(seconds=sum(waits)) < timedelta(hours=28)
    assert caplog.records == []

    run_waiting_jobs()

    assert len(receiver.requests) == deliveries.ATTEMPTS
    assert (list_waiting_jobs(), get_state(delivery)) == ([], DeliveryState.FAILED)
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.status) == (8, 500)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "127.0.0.1" not in record.getMessage()


def test_retries_are_spread(receiver: Receiver, webhook: Webhook) -> None:
    receiver.statuses = [500] * 20
    for _ in range(20):
        events.send_test(webhook)
    run_waiting_jobs()
    assert len({job["scheduled_at"].replace(microsecond=0) for job in list_waiting_jobs()}) > 1


def test_gone_receiver_is_switched_off(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    events.send_test(webhook)
    receiver.statuses = [410]

    run_waiting_jobs()

    webhook.refresh_from_db()
    assert not webhook.active
    assert len(receiver.requests) == 1
    assert list_waiting_jobs() == []
    states = deliveries.list_deliveries().order_by("status").values_list("state", "status", "error")
    assert [*states] == [
        (DeliveryState.FAILED, 410, "The answer was 410."),
        (DeliveryState.FAILED, None, "The webhook is switched off."),
    ]


def test_failed_delivery_can_be_resent(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    receiver.statuses = [410]
    run_waiting_jobs()
    Webhook.objects.update(active=True)

    assert deliveries.resend_deliveries([delivery.pk]) == 1
    assert get_state(delivery) == DeliveryState.WAITING
    run_waiting_jobs()

    assert get_state(delivery) == DeliveryState.DELIVERED
    assert len({request.headers["Webhook-Id"] for request in receiver.requests}) == 1


def test_attempt_is_not_repeated_after_killed_worker(
    receiver: Receiver, delivery: Delivery
) -> None:
    receiver.statuses = [500]
    [job] = list_waiting_jobs()
    tasks.deliver(**job["args"])
    tasks.deliver(**job["args"])
    assert len(receiver.requests) == 1
    assert [job["args"]["attempt"] for job in list_waiting_jobs()[1:]] == [1]


def test_delivered_or_deleted_delivery_is_skipped(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    [job] = list_waiting_jobs()
    run_waiting_jobs()
    tasks.deliver(**job["args"])
    events.delete_webhooks([webhook.pk])
    tasks.deliver(**job["args"])
    assert len(receiver.requests) == 1
    assert not Delivery.objects.exists()


def test_rotated_secret_signs_later_deliveries(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    secret = events.rotate_secret(webhook.pk)
    run_waiting_jobs()
    assert secret != SECRET
    assert receiver.requests[0].headers["Webhook-Signature"] == sign(secret, receiver.requests[0])


def test_old_deliveries_are_purged(delivery: Delivery, webhook: Webhook) -> None:
    events.send_test(webhook)
    for pk, days in zip(Delivery.objects.values_list("pk", flat=True), (29.9, 30.1), strict=True):
        at = timezone.now() - timedelta(days=days)
        Delivery.objects.filter(pk=pk).update(created_at=at)
    tasks.purge_deliveries(timestamp=0)
    [remaining] = Delivery.objects.all()
    assert timezone.now() - remaining.created_at < timedelta(days=30)


def test_job_holds_no_secret(delivery: Delivery) -> None:
    [job] = list_waiting_jobs()
    assert set(job["args"]) <= {"delivery_id", "attempt", "request_id"}
    assert UUID(job["args"]["delivery_id"]) == delivery.pk
    assert not re.search(r"whsec|http", str(job["args"]))


def test_secret_is_encrypted_in_the_database(webhook: Webhook, settings: Settings) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks")
        [(stored,)] = cursor.fetchall()
    assert base64.urlsafe_b64decode(stored)[0] == 0x80, "Fernet's version"
    assert SECRET not in stored
    assert Webhook.objects.get().secret == SECRET

    settings.SECRET_KEY = "another one"
    events.send_test(webhook)
    run_waiting_jobs()
    assert Delivery.objects.get().error == deliveries.NO_KEY
