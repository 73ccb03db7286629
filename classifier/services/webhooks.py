"""Telling webhooks of what happens here, and who they are."""

import time
from collections.abc import Collection
from threading import Lock
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from classifier import signing
from classifier.answers import Answer
from classifier.models import Delivery, LabelChange, Promotion, Upload, Webhook
from classifier.services import RuleBroken, deliveries
from classifier.vocabulary import Event

ASK_EVERY_S = 1.0
# Keys stay until the transaction ends, so that none is deleted under its deliveries.
WANTING = (
    "SELECT id FROM webhooks WHERE active AND events @> ARRAY[%s]::varchar[] "
    "ORDER BY id FOR KEY SHARE"
)


class Subscriptions:
    """Asks the database at most once a second which events anybody wants."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted: frozenset[str] = frozenset()
        self._asked_at = float("-inf")

    def want(self, event: Event) -> bool:
        with self._lock:
            if time.monotonic() - self._asked_at > ASK_EVERY_S:
                active = Webhook.objects.filter(active=True).values_list("events", flat=True)
                self._wanted = frozenset(name for events in active for name in events)
                self._asked_at = time.monotonic()
            return event in self._wanted


subscriptions = Subscriptions()


def tell_unsure(answer: Answer) -> None:
    _tell(
        Event.UPLOAD_UNSURE,
        [
            {
                "id": str(answer.id),
                "path": Upload(pk=answer.id).get_absolute_url(),
                "best_guess": answer.best_guess,
                "confidence": answer.confidence,
                "reason": answer.reason,
                "digits": [str(digit.id) for digit in answer.digits],
            }
        ],
    )


def tell_labelled(changes: Collection[LabelChange]) -> None:
    _tell(
        Event.LABEL_CREATED,
        [
            {
                "image": str(change.image_id),
                "from": change.from_label,
                "to": change.to_label,
                "by": change.changed_by.username,
                "via": change.via,
            }
            for change in changes
        ],
    )


def tell_promoted(promotion: Promotion, previous: str | None) -> None:
    _tell(
        Event.MODEL_PROMOTED,
        [
            {
                "name": promotion.model.name,
                "previous": previous,
                "via": promotion.via,
                "by": promotion.by.username if promotion.by else None,
                "reason": promotion.reason,
            }
        ],
    )


@transaction.atomic
def _tell(event: Event, data: list[dict[str, Any]]) -> None:
    """All who want it, of as many events as there are `data`; for good only once the transaction
    of what has happened has ended well."""
    with connection.cursor() as cursor:
        cursor.execute(WANTING, [event])
        wanting = [row[0] for row in cursor.fetchall()]
    if not wanting:
        return
    at = timezone.now().isoformat()
    told = [{"type": event.value, "timestamp": at, "data": each} for each in data]
    deliveries.start(
        [
            Delivery(webhook_id=webhook, event=event, payload=payload)
            for payload in told
            for webhook in wanting
        ]
    )


def listed() -> QuerySet[Any]:
    """Each with what became of the deliveries that are kept: how many have not been `delivered`
    after an attempt, since when, and when one last was."""
    missed = Q(deliveries__delivered_at=None) & ~Q(deliveries__error="")
    return Webhook.objects.annotate(
        missed=Count("deliveries", filter=missed),
        missed_since=Min("deliveries__created_at", filter=missed),
        last=Max("deliveries__delivered_at"),
    )


def test(webhook: Webhook) -> None:
    """Sends it what no event is like. Raises RuleBroken where it is switched off."""
    if not webhook.active:
        raise RuleBroken("The webhook is switched off. Switch it on first.")
    payload = {"type": "test", "timestamp": timezone.now().isoformat(), "data": {}}
    deliveries.start([Delivery(webhook=webhook, event=webhook.events[0], payload=payload)])


def rotate(webhook_id: int) -> str:
    """A new secret, by which everything is signed from now on."""
    secret = signing.new_secret()
    Webhook.objects.filter(pk=webhook_id).update(secret=secret)
    return secret


@transaction.atomic
def delete(ids: Collection[int]) -> None:
    """With their deliveries, also those that are being written right now."""
    webhooks = Webhook.objects.filter(pk__in=ids)
    list(webhooks.order_by("pk").select_for_update())
    webhooks.delete()
