"""What webhooks are told, again and again until they have answered or a day is over."""

import json
import logging
import time
from collections.abc import Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from random import SystemRandom
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.types import JSONDict

from classifier.models import Delivery, Webhook
from classifier.monitoring.request_id import get_job_arguments
from classifier.webhooks import signing, transport

TASK = "classifier.tasks.deliver"
ATTEMPTS = 8
# 15 seconds, a minute, 4 minutes … 17 hours: 23 hours in all.
FIRST_WAIT_S, TIMES = 15, 4
# Else all that failed together would come back together.
JITTER = 0.8, 1.2
LIFETIME = timedelta(days=30)
SWITCHED_OFF = "The webhook is switched off."

logger = logging.getLogger(__name__)


class DeliveryState(StrEnum):
    DELIVERED = "delivered"
    WAITING = "waiting"
    FAILED = "failed"


@transaction.atomic
def create_deliveries(deliveries: Collection[Delivery]) -> None:
    """Keeps new ones, with their jobs or not at all."""
    Delivery.objects.bulk_create(deliveries)
    _queue((delivery.pk for delivery in deliveries), attempt=0)


def _queue(ids: Iterable[UUID], attempt: int, in_s: float = 0) -> None:
    # What people wait for, such as a training, goes before.
    wait = {"seconds": round(in_s)}
    job = app.configure_task(TASK, queue="webhooks", priority=-1, schedule_in=wait)
    arguments: list[JSONDict] = [
        {"delivery_id": str(id_), "attempt": attempt, **get_job_arguments()} for id_ in ids
    ]
    if arguments:
        job.batch_defer(*arguments)


def deliver(delivery_id: UUID, attempt: int) -> None:
    """One attempt, unless it has been made: a worker may be killed before its job is done."""
    unmade = Delivery.objects.filter(pk=delivery_id, attempts=attempt, delivered_at=None)
    delivery = unmade.select_related("webhook").first()
    if delivery is None:
        return
    if not delivery.webhook.active:
        unmade.update(error=SWITCHED_OFF)
        return
    try:
        status = _post(delivery)
    except transport.DeliveryError as error:
        _record(delivery, None, str(error))
    else:
        _record(delivery, status, "" if _is_success(status) else f"The answer was {status}.")


def _is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def build_message(delivery: Delivery) -> dict[str, Any]:
    """The body, in the order in which people read it, which PostgreSQL does not keep."""
    return {name: delivery.payload[name] for name in ("type", "timestamp", "data")}


def _post(delivery: Delivery) -> int:
    body = json.dumps(build_message(delivery), separators=(",", ":")).encode()
    secret, now = delivery.webhook.secret, int(time.time())
    headers = {"Content-Type": "application/json", "User-Agent": "mnistsite"}
    headers |= signing.build_headers(secret, str(delivery.pk), now, body)
    return transport.post(delivery.webhook.url, body, headers)


@transaction.atomic
def _record(delivery: Delivery, status: int | None, error: str) -> None:
    """How an attempt ended, and the next one if there is to be one."""
    made = delivery.attempts + 1
    unmade = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
    delivered_at = timezone.now() if _is_success(status) else None
    if not unmade.update(attempts=made, status=status, error=error, delivered_at=delivered_at):
        return
    if status == HTTPStatus.GONE:
        Webhook.objects.filter(pk=delivery.webhook_id).update(active=False)
    elif not delivered_at and made < ATTEMPTS:
        _queue([delivery.pk], made, in_s=_wait_s(made))
    if not delivered_at and (made == ATTEMPTS or status == HTTPStatus.GONE):
        logger.warning("Webhook %s was not told of %s", delivery.webhook_id, delivery.event)


def _wait_s(made: int) -> float:
    return float(FIRST_WAIT_S * TIMES ** (made - 1) * SystemRandom().uniform(*JITTER))


@transaction.atomic
def resend(ids: Collection[UUID]) -> int:
    """From the first attempt on, whatever has become of them; says how many there still were."""
    deliveries = Delivery.objects.filter(pk__in=ids).select_for_update(no_key=True)
    found = list(deliveries.order_by("pk").values_list("pk", flat=True))
    anew = {"attempts": 0, "status": None, "error": "", "delivered_at": None}
    Delivery.objects.filter(pk__in=found).update(**anew)
    _queue(found, attempt=0)
    return len(found)


def list_deliveries() -> QuerySet[Any]:
    """Each with its `state`: it has failed where no job will try again."""
    jobs = ProcrastinateJob.objects.filter(task_name=TASK, status__in=["todo", "doing"])
    of_it = jobs.alias(of=KeyTextTransform("delivery_id", "args")).filter(
        of=Cast(OuterRef("pk"), TextField())
    )
    state = Case(
        When(delivered_at__isnull=False, then=Value(DeliveryState.DELIVERED.value)),
        When(Exists(of_it), then=Value(DeliveryState.WAITING.value)),
        default=Value(DeliveryState.FAILED.value),
    )
    return Delivery.objects.select_related("webhook").annotate(state=state)


def purge_expired() -> int:
    """Those that are older than a month, delivered or not; says how many."""
    limit = timezone.now() - LIFETIME
    deleted, _ = Delivery.objects.filter(created_at__lt=limit).delete()
    return deleted
