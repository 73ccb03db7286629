"""Deliveries of events to webhooks, retried for a day until the receiver confirms them."""

import json
import logging
import time
from collections.abc import Collection, Iterable
from datetime import timedelta
from http import HTTPStatus
from random import SystemRandom
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Case, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from classifier import jobs
from classifier.models import Delivery, Webhook
from classifier.webhooks import signing, transport

TASK = "classifier.tasks.deliver"
ATTEMPTS = 8
# Waits of 15 seconds, 1 minute, 4 minutes … 17 hours, 23 hours in all.
FIRST_WAIT_S, WAIT_FACTOR = 15, 4
# Spreads the retries of deliveries that failed at the same time.
JITTER = 0.8, 1.2
LIFETIME = timedelta(days=30)
NO_KEY = gettext_noop(
    "The secret can't be read, because SECRET_KEY has changed. Make a new secret."
)

logger = logging.getLogger(__name__)


class DeliveryState(models.TextChoices):
    DELIVERED = "delivered", _("delivered")
    WAITING = "waiting", _("waiting")
    FAILED = "failed", _("failed")


@transaction.atomic
def create_deliveries(deliveries: Collection[Delivery]) -> None:
    """Store deliveries and enqueue their jobs, or neither."""
    Delivery.objects.bulk_create(deliveries)
    _enqueue((delivery.pk for delivery in deliveries), attempt=0)


def _enqueue(ids: Iterable[UUID], attempt: int, delay_s: float = 0) -> None:
    jobs.enqueue_jobs(
        TASK,
        ({"delivery_id": str(id_), "attempt": attempt} for id_ in ids),
        queue="webhooks",
        priority=jobs.BACKGROUND,
        delay_s=delay_s,
    )


def attempt_delivery(delivery_id: UUID, attempt: int) -> None:
    """Make an attempt, unless a worker that was killed before its job ended has made it."""
    pending = Delivery.objects.filter(pk=delivery_id, attempts=attempt, delivered_at=None)
    delivery = pending.select_related("webhook").first()
    if delivery is None:
        return
    if not delivery.webhook.active:
        pending.update(error=gettext_noop("The webhook is switched off."))
        return
    if not delivery.webhook.secret:
        pending.update(error=NO_KEY)
        return
    status, error = None, ""
    try:
        status = _send(delivery)
        if not 200 <= status < 300:
            error = gettext_noop("The answer was %(status)s.") % {"status": status}
    except transport.DeliveryError as failure:
        error = str(failure)
    _record_attempt(delivery, status, error)


def build_message(delivery: Delivery) -> dict[str, Any]:
    """Return the body, with its fields in a readable order, which PostgreSQL does not preserve."""
    return {name: delivery.payload[name] for name in ("type", "timestamp", "data")}


def _send(delivery: Delivery) -> int:
    body = json.dumps(build_message(delivery), separators=(",", ":")).encode()
    secret, now = delivery.webhook.secret, int(time.time())
    headers = {"Content-Type": "application/json", "User-Agent": "mnistsite"}
    headers |= signing.build_headers(secret, str(delivery.pk), now, body)
    return transport.send_request(delivery.webhook.url, body, headers)


@transaction.atomic
def _record_attempt(delivery: Delivery, status: int | None, error: str) -> None:
    """Store the result of an attempt, and enqueue the next one if it failed."""
    attempts = delivery.attempts + 1
    pending = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
    delivered_at = None if error else timezone.now()
    is_first = pending.update(
        attempts=attempts, status=status, error=error, delivered_at=delivered_at
    )
    if not is_first or delivered_at:
        return
    if status == HTTPStatus.GONE:
        Webhook.objects.filter(pk=delivery.webhook_id).update(active=False)
    elif attempts < ATTEMPTS:
        wait_s = FIRST_WAIT_S * WAIT_FACTOR ** (attempts - 1)
        _enqueue([delivery.pk], attempts, delay_s=wait_s * SystemRandom().uniform(*JITTER))
        return
    logger.warning("Webhook %s did not receive %s", delivery.webhook_id, delivery.event)


@transaction.atomic
def resend_deliveries(ids: Collection[UUID]) -> int:
    """Start deliveries again from the first attempt, and return how many still exist."""
    deliveries = Delivery.objects.filter(pk__in=ids).select_for_update(no_key=True)
    existing = list(deliveries.order_by("pk").values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=existing).update(
        attempts=0, status=None, error="", delivered_at=None
    )
    _enqueue(existing, attempt=0)
    return len(existing)


def list_deliveries() -> QuerySet[Any]:
    """Return the deliveries with their `state`: one has failed if no job will retry it."""
    state = Case(
        When(delivered_at__isnull=False, then=Value(DeliveryState.DELIVERED.value)),
        When(jobs.has_unfinished_job(TASK, "delivery_id"), then=Value(DeliveryState.WAITING.value)),
        default=Value(DeliveryState.FAILED.value),
    )
    return Delivery.objects.select_related("webhook").annotate(state=state)


def purge_expired() -> int:
    """Delete the deliveries that are older than LIFETIME, and return their number."""
    limit = timezone.now() - LIFETIME
    deleted, _ = Delivery.objects.filter(created_at__lt=limit).delete()
    return deleted
