"""Events, and the webhooks that subscribe to them."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.errors import RuleBroken
from classifier.models import Delivery, Webhook
from classifier.models.refreshed import Refreshed
from classifier.recognition.labels import Event
from classifier.webhooks import deliveries, signing

# The lock keeps a webhook from being deleted before its deliveries are committed.
SUBSCRIBERS = (
    "SELECT id FROM webhooks WHERE active AND events @> ARRAY[%s]::varchar[] "
    "ORDER BY id FOR KEY SHARE"
)


class Subscriptions(Refreshed[frozenset[str]]):
    """The events that active webhooks subscribe to, read at most once a second."""

    def read(self, earlier: frozenset[str] | None) -> frozenset[str]:  # noqa: ARG002
        active = Webhook.objects.filter(active=True).values_list("events", flat=True)
        return frozenset(name for events in active for name in events)


subscriptions = Subscriptions()


@transaction.atomic
def publish_event(event: Event, payloads: Sequence[dict[str, Any]]) -> None:
    """Queue one delivery for each payload and each webhook that subscribes to the event.

    The deliveries start once the caller's transaction commits.
    """
    with connection.cursor() as cursor:
        cursor.execute(SUBSCRIBERS, [event])
        webhooks = [webhook for (webhook,) in cursor.fetchall()]
    now = timezone.now().isoformat()
    messages = [{"type": event.value, "timestamp": now, "data": data} for data in payloads]
    if webhooks:
        deliveries.create_deliveries(
            [
                Delivery(webhook_id=webhook, event=event, payload=message)
                for message in messages
                for webhook in webhooks
            ]
        )


def list_webhooks() -> QuerySet[Any]:
    """Return the webhooks with a summary of their deliveries.

    `missed` is the number that failed at least once and are not delivered yet, `missed_since` the
    time of the first of them, and `last` that of the newest success.
    """
    missed = Q(deliveries__delivered_at=None) & ~Q(deliveries__error="")
    return Webhook.objects.annotate(
        missed=Count("deliveries", filter=missed),
        missed_since=Min("deliveries__created_at", filter=missed),
        last=Max("deliveries__delivered_at"),
    )


def send_test(webhook: Webhook) -> None:
    """Deliver a test message. Raise RuleBroken if the webhook is switched off."""
    if not webhook.active:
        raise RuleBroken(_("The webhook is switched off. Switch it on first."))
    payload = {"type": "test", "timestamp": timezone.now().isoformat(), "data": {}}
    deliveries.create_deliveries(
        [Delivery(webhook=webhook, event=webhook.events[0], payload=payload)]
    )


def rotate_secret(webhook_id: int) -> str:
    """Replace the webhook's secret, and return the new one."""
    secret = signing.generate_secret()
    Webhook.objects.filter(pk=webhook_id).update(secret=secret)
    return secret


@transaction.atomic
def delete_webhooks(ids: Collection[int]) -> None:
    """Delete webhooks with their deliveries, including those that are being created."""
    webhooks = Webhook.objects.filter(pk__in=ids)
    list(webhooks.order_by("pk").select_for_update())
    webhooks.delete()
