"""Alarms: raised once, published to webhooks, and cleared when their cause is gone."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from classifier.models import Alarm, AlarmKind
from classifier.recognition.labels import Event
from classifier.webhooks import events


@transaction.atomic
def raise_alarm(kind: AlarmKind, message: str, event: Event, payload: dict[str, Any]) -> None:
    """Raise an alarm and publish its event, unless one of this kind is open already."""
    _, is_new = Alarm.objects.get_or_create(
        kind=kind, cleared_at=None, defaults={"message": message}
    )
    if is_new:
        events.publish(event, [payload])


def clear_alarm(kind: AlarmKind) -> None:
    Alarm.objects.filter(kind=kind, cleared_at=None).update(cleared_at=timezone.now())


def list_open_alarms() -> QuerySet[Alarm]:
    return Alarm.objects.filter(cleared_at=None).order_by("raised_at")
