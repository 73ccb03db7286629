"""Telling webhooks of what happens here, and who they are."""

import time
from collections.abc import Collection, Sequence
from threading import Lock
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import Delivery, Webhook
from classifier.recognition.labels import Event
from classifier.webhooks import deliveries, signing

ASK_EVERY_S = 1.0
# Keys stay until the transaction ends, so that none is deleted under its deliveries.
SUBSCRIBED = (
    "SELECT id FROM webhooks WHERE active AND events @> ARRAY[%s]::varchar[] "
    "ORDER BY id FOR KEY SHARE"
)


class Subscriptions:
    """Asks the database at most once a second which events anybody wants."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted: frozenset[str] = frozenset()
        self._asked_at = float("-inf")

    def is_subscribed(self, event: Event) -> bool:
        with self._lock:
            if time.monotonic() - self._asked_at > ASK_EVERY_S:
                active = Webhook.objects.filter(active=True).values_list("events", flat=True)
                self._wanted = frozenset(name for events in active for name in events)
                self._asked_at = time.monotonic()
            return event in self._wanted


subscriptions = Subscriptions()


@transaction.atomic
def publish(event: Event, payloads: Sequence[dict[str, Any]]) -> None:
    """Queue one delivery for each payload and each webhook that subscribes to the event.

    The deliveries start once the caller's transaction commits.
    """
    with connection.cursor() as cursor:
        cursor.execute(SUBSCRIBED, [event])
        subscribed = [row[0] for row in cursor.fetchall()]
    if not subscribed:
        return
    now = timezone.now().isoformat()
    messages = [{"type": event.value, "timestamp": now, "data": each} for each in payloads]
    deliveries.create_deliveries(
        [
            Delivery(webhook_id=webhook, event=event, payload=message)
            for message in messages
            for webhook in subscribed
        ]
    )


def list_webhooks() -> QuerySet[Any]:
    """Each with what became of the deliveries that are kept: how many have not been `delivered`
    after an attempt, since when, and when one last was."""
    missed = Q(deliveries__delivered_at=None) & ~Q(deliveries__error="")
    return Webhook.objects.annotate(
        missed=Count("deliveries", filter=missed),
        missed_since=Min("deliveries__created_at", filter=missed),
        last=Max("deliveries__delivered_at"),
    )


def send_test(webhook: Webhook) -> None:
    """Sends it what no event is like. Raises RuleBroken where it is switched off."""
    if not webhook.active:
        raise RuleBroken("The webhook is switched off. Switch it on first.")
    payload = {"type": "test", "timestamp": timezone.now().isoformat(), "data": {}}
    deliveries.create_deliveries(
        [Delivery(webhook=webhook, event=webhook.events[0], payload=payload)]
    )


def rotate_secret(webhook_id: int) -> str:
    """A new secret, by which everything is signed from now on."""
    secret = signing.generate_secret()
    Webhook.objects.filter(pk=webhook_id).update(secret=secret)
    return secret


@transaction.atomic
def delete_webhooks(ids: Collection[int]) -> None:
    """With their deliveries, also those that are being written right now."""
    webhooks = Webhook.objects.filter(pk__in=ids)
    list(webhooks.order_by("pk").select_for_update())
    webhooks.delete()
