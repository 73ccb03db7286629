"""Alarms: raised once, published to webhooks, and cleared when their cause is gone."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from classifier.models import Alarm, AlarmKind, InputImage
from classifier.recognition.labels import Event, Label
from classifier.webhooks import events


@transaction.atomic
def raise_alarm(
    kind: AlarmKind,
    message: str,
    causes: Collection[UUID],
    event: Event,
    payload: dict[str, Any],
) -> None:
    """Raise an alarm and publish its event, unless one of this kind is open already.

    `causes` are the ids of the images that caused it.
    """
    _, is_new = Alarm.objects.get_or_create(
        kind=kind, cleared_at=None, defaults={"message": message, "causes": [*causes]}
    )
    if is_new:
        events.publish_event(event, [payload | {"causes": [str(image) for image in causes]}])


def clear_alarm(kind: AlarmKind) -> None:
    Alarm.objects.filter(kind=kind, cleared_at=None).update(cleared_at=timezone.now())


@dataclass(frozen=True)
class OpenAlarm:
    """An alarm, and the images that caused it and are not deleted since."""

    alarm: Alarm
    images: list[InputImage]

    @property
    def has_unlabelled(self) -> bool:
        return any(image.label == Label.UNKNOWN for image in self.images)


def list_open_alarms() -> list[OpenAlarm]:
    alarms = [*Alarm.objects.filter(cleared_at=None).order_by("raised_at")]
    causes = InputImage.objects.defer("pixels").in_bulk(_collect_causes(alarms)) if alarms else {}
    return [
        OpenAlarm(alarm, [causes[pk] for pk in alarm.causes if pk in causes]) for alarm in alarms
    ]


def list_cause_ids() -> set[UUID]:
    """Return the ids of the images that caused the open alarms."""
    return _collect_causes(Alarm.objects.filter(cleared_at=None))


def _collect_causes(alarms: Iterable[Alarm]) -> set[UUID]:
    return {image for alarm in alarms for image in alarm.causes}
