"""Verification of everything that is stored."""

from collections.abc import Iterator
from itertools import chain

from django.db.models import F, Window
from django.db.models.functions import Lag
from django.utils.translation import gettext_noop

from classifier.models import AlarmKind, LabelChange
from classifier.monitoring.audit_log import verify_chain
from classifier.monitoring.findings import Finding
from classifier.recognition.labels import Event
from classifier.registry import alarms, runs
from classifier.registry.verification import verify_models, verify_promotions, verify_runs
from classifier.uploads import orphans
from classifier.uploads.verification import verify_files, verify_orphans, verify_pixels

PICTURES = 200  # read again in each verification, as a sample

DAMAGED = gettext_noop(
    "Faults of stored data: %(count)s, such as: %(fault)s `manage.py verify` lists them."
)


def verify_site(pictures: int = PICTURES) -> Iterator[Finding]:
    """Find faults of the stored data; up to this number of pictures are read again."""
    return chain(
        verify_files(),
        verify_orphans(),
        verify_pixels(pictures),
        verify_history(),
        verify_models(),
        verify_promotions(),
        verify_runs(),
        verify_chain(),
    )


def verify_history() -> Iterator[Finding]:
    """Check that each change of a label starts from the label before, and the last one holds."""
    before = Window(Lag("to_label"), partition_by="image", order_by="pk")
    changes = LabelChange.objects.annotate(before=before)
    for change in changes.filter(before__isnull=False).exclude(before=F("from_label")):
        yield Finding(
            f"image {change.image_id}",
            f"Its label was {change.before}, but its next change starts from {change.from_label}.",
            "Restore label_changes from a backup.",
        )
    newest = LabelChange.objects.order_by("image", "-pk").distinct("image")
    rows = newest.values_list("image", "to_label", "image__label")
    for image, last, label in rows.iterator():
        if label != last:
            fault = f"Its label is {label}, but its last change set {last}."
            yield Finding(f"image {image}", fault, "Label the image again.")


def repair_site() -> list[str]:
    """Repair faults that can be repaired without a loss, and describe each repair."""
    counts = {
        "files without an upload deleted": orphans.remove_orphans(),
        "lost runs failed": runs.fail_lost_runs(),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def check_site() -> None:
    """Raise an alarm if something that is stored is damaged; clear it otherwise."""
    faults = [finding.fault for finding in verify_site()]
    if not faults:
        alarms.clear_alarm(AlarmKind.DATA_DAMAGED)
        return
    count = len(faults)
    alarms.raise_alarm(
        AlarmKind.DATA_DAMAGED,
        DAMAGED % {"count": count, "fault": min(faults)},
        [],
        Event.DATA_DAMAGED,
        {"faults": count},
    )
