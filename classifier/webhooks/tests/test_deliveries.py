"""Deliveries reach whoever listens, signed, and are tried again where nobody does."""

import base64
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from classifier import tasks
from classifier.models import Delivery, Webhook
from classifier.recognition.labels import Event
from classifier.tests.webhook_receiver import (
    SECRET,
    Receiver,
    list_waiting_jobs,
    run_receiver,
    run_waiting_jobs,
)
from classifier.webhooks import deliveries, events, signing, transport
from classifier.webhooks.deliveries import DeliveryState

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def webhook(receiver: Receiver) -> Webhook:
    return receiver.create_webhook(Event.LABEL_CREATED)


@pytest.fixture
def delivery(webhook: Webhook) -> Delivery:
    """One that waits."""
    events.send_test(webhook)
    return webhook.deliveries.get()


def state(delivery: Delivery) -> str:
    return str(deliveries.list_deliveries().get(pk=delivery.pk).state)


def signed(key: str, request: Any) -> str:
    """As the specification says, and in no way as the project does it."""
    content = b".".join(
        [
            request.headers["Webhook-Id"].encode(),
            request.headers["Webhook-Timestamp"].encode(),
            request.body,
        ]
    )
    mac = hmac.new(base64.b64decode(key.split("_", 1)[1]), content, hashlib.sha256)
    return "v1," + base64.standard_b64encode(mac.digest()).decode()


def test_a_signature_is_what_the_specification_s_own_example_has() -> None:
    body = b'{"test": 2432232314}'
    assert signing.build_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_has_32_random_bytes() -> None:
    first, second = signing.generate_secret(), signing.generate_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_a_delivery_is_json_that_is_signed_and_says_when(
    receiver: Receiver, delivery: Delivery
) -> None:
    before = int(time.time())
    assert run_waiting_jobs() == 1

    [request] = receiver.requests
    assert request.path == "/hook?of=this"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Webhook-Id"] == str(delivery.pk)
    assert before <= int(request.headers["Webhook-Timestamp"]) <= time.time()
    assert request.headers["Webhook-Signature"] == signed(SECRET, request)
    assert list(request.json) == ["type", "timestamp", "data"]
    assert request.json == delivery.payload
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.status, delivery.error) == (1, 204, "")
    assert delivery.delivered_at
    assert (state(delivery), list_waiting_jobs()) == (DeliveryState.DELIVERED, [])


def test_one_that_fails_is_tried_again_under_the_same_id_and_signed_anew(
    receiver: Receiver, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.statuses = [500]
    clock = SimpleNamespace(time=iter([1000.0, 2000.0]).__next__)
    monkeypatch.setattr(deliveries, "time", clock)

    assert (run_waiting_jobs(), state(delivery)) == (1, DeliveryState.WAITING)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == (500, "The answer was 500.")
    assert (run_waiting_jobs(), state(delivery)) == (1, DeliveryState.DELIVERED)

    ids, times = (
        [request.headers[f"Webhook-{name}"] for request in receiver.requests]
        for name in ("Id", "Timestamp")
    )
    assert (ids, times) == ([str(delivery.pk)] * 2, ["1000", "2000"])
    assert receiver.requests[0].body == receiver.requests[1].body
    assert receiver.requests[1].headers["Webhook-Signature"] == signed(SECRET, receiver.requests[1])


@pytest.mark.parametrize("status", [199, 301, 307, 400, 404, 429, 503])
def test_whatever_is_no_success_is_tried_again(
    receiver: Receiver, delivery: Delivery, status: int
) -> None:
    receiver.statuses = [status, 200]
    run_waiting_jobs()
    assert state(delivery) == DeliveryState.WAITING
    assert run_waiting_jobs() == 1
    assert state(delivery) == DeliveryState.DELIVERED
    assert {request.path for request in receiver.requests} == {"/hook?of=this"}


def test_so_is_what_could_not_be_sent(
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
    assert state(delivery) == DeliveryState.DELIVERED


def test_the_waits_grow_to_a_day_in_all_and_then_it_has_failed(
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
    assert (list_waiting_jobs(), state(delivery)) == ([], DeliveryState.FAILED)
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.status) == (8, 500)
    [said] = caplog.records
    assert said.levelno == logging.WARNING
    assert "127.0.0.1" not in said.getMessage()


def test_who_fails_together_does_not_come_back_together(
    receiver: Receiver, webhook: Webhook
) -> None:
    receiver.statuses = [500] * 20
    for _ in range(20):
        events.send_test(webhook)
    run_waiting_jobs()
    assert len({job["scheduled_at"].replace(microsecond=0) for job in list_waiting_jobs()}) > 1


def test_who_is_gone_is_switched_off_and_told_nothing_more(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    events.send_test(webhook)
    receiver.statuses = [410]

    run_waiting_jobs()

    webhook.refresh_from_db()
    assert not webhook.active
    assert len(receiver.requests) == 1
    assert list_waiting_jobs() == []
    found = deliveries.list_deliveries().order_by("status").values_list("state", "status", "error")
    assert [*found] == [
        (DeliveryState.FAILED, 410, "The answer was 410."),
        (DeliveryState.FAILED, None, "The webhook is switched off."),
    ]


def test_a_delivery_that_failed_can_be_sent_again(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    receiver.statuses = [410]
    run_waiting_jobs()
    Webhook.objects.update(active=True)

    assert deliveries.resend([delivery.pk]) == 1
    assert state(delivery) == DeliveryState.WAITING
    run_waiting_jobs()

    assert state(delivery) == DeliveryState.DELIVERED
    assert len({request.headers["Webhook-Id"] for request in receiver.requests}) == 1


def test_an_attempt_whose_worker_was_killed_just_after_it_is_not_made_twice(
    receiver: Receiver, delivery: Delivery
) -> None:
    """Its job is there still, and is done again."""
    receiver.statuses = [500]
    [job] = list_waiting_jobs()
    tasks.deliver(**job["args"])
    tasks.deliver(**job["args"])
    assert len(receiver.requests) == 1
    assert [job["args"]["attempt"] for job in list_waiting_jobs()[1:]] == [1]


def test_what_was_delivered_or_deleted_meanwhile_is_left(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    [job] = list_waiting_jobs()
    run_waiting_jobs()
    tasks.deliver(**job["args"])
    events.delete_webhooks([webhook.pk])
    tasks.deliver(**job["args"])
    assert len(receiver.requests) == 1
    assert not Delivery.objects.exists()


def test_a_new_secret_signs_from_then_on(
    receiver: Receiver, delivery: Delivery, webhook: Webhook
) -> None:
    secret = events.rotate_secret(webhook.pk)
    run_waiting_jobs()
    assert secret != SECRET
    assert receiver.requests[0].headers["Webhook-Signature"] == signed(secret, receiver.requests[0])


def test_old_ones_are_forgotten_delivered_or_not(delivery: Delivery, webhook: Webhook) -> None:
    events.send_test(webhook)
    for pk, days in zip(Delivery.objects.values_list("pk", flat=True), (29.9, 30.1), strict=True):
        at = timezone.now() - timedelta(days=days)
        Delivery.objects.filter(pk=pk).update(created_at=at)
    tasks.purge_deliveries(timestamp=0)
    [left] = Delivery.objects.all()
    assert timezone.now() - left.created_at < timedelta(days=30)


def test_a_job_names_neither_address_nor_secret(delivery: Delivery) -> None:
    [job] = list_waiting_jobs()
    assert set(job["args"]) <= {"delivery_id", "attempt", "request_id"}
    assert UUID(job["args"]["delivery_id"]) == delivery.pk
    assert not re.search(r"whsec|http", str(job["args"]))
