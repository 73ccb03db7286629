"""Setting and undoing labels, with every change recorded."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.errors import RuleBroken
from classifier.labelling import disputes, suspicion
from classifier.models import UPLOAD_SOURCES, InputImage, LabelChange, QueueItem, Suggestion, Via
from classifier.recognition.labels import KNOWN_LABELS, Event, Label
from classifier.webhooks import events


def set_label(image_id: UUID, label: str, by: User, via: Via) -> None:
    """Set one label. Raise what `apply_labels` raises."""
    apply_labels({image_id: label}, by, via)


@transaction.atomic
def apply_labels(labels: Mapping[UUID, str], by: User, via: Via) -> None:
    """Set a label for each image, all or none, and record who changed what.

    The labels are those of LABELS. Raise RuleBroken for MNIST's images, InputImage.DoesNotExist for
    an image that has been deleted.
    """
    by_label = defaultdict(list)
    for image in lock_images(labels):
        by_label[labels[image.pk]].append(image)
    for label, images in by_label.items():
        _change_labels(images, label, by, via)


def validate_label(label: str) -> None:
    """Raise RuleBroken unless the label is a digit or not_a_digit."""
    if label not in KNOWN_LABELS:
        message = _("'%(label)s' is not a label. Use one of: %(names)s.")
        raise RuleBroken(message % {"label": label, "names": ", ".join(KNOWN_LABELS)})


def lock_images(ids: Collection[UUID]) -> list[InputImage]:
    """Lock images whose labels can be changed. Raise what `apply_labels` raises."""
    # A fixed order prevents deadlocks.
    images = InputImage.objects.filter(pk__in=ids).order_by("pk").defer("pixels")
    # The keys are not locked, so that inserts of rows that refer to an image don't wait.
    locked = list(images.select_for_update(of=("self",), no_key=True))
    if len(locked) < len(set(ids)):
        raise InputImage.DoesNotExist(_("An image has been deleted, so no label was changed."))
    if any(image.source not in UPLOAD_SOURCES for image in locked):
        raise RuleBroken(_("Labels of MNIST can't be changed, because they measure the models."))
    return locked


def _change_labels(images: Iterable[InputImage], label: str, by: User, via: Via) -> None:
    changed = [image for image in images if image.label != label]
    changes = LabelChange.objects.bulk_create(
        LabelChange(image=image, from_label=image.label, to_label=label, changed_by=by, via=via)
        for image in changed
    )
    events.publish_event(Event.LABEL_CREATED, [_build_event(change) for change in changes])
    is_known = label != Label.UNKNOWN
    ids = [change.image_id for change in changes]
    InputImage.objects.filter(pk__in=ids).update(
        label=label,
        labelled_by=by if is_known else None,
        labelled_at=timezone.now() if is_known else None,
    )
    QueueItem.objects.filter(pk__in=ids).update(
        waiting=not is_known,
        suspicion=0,
        reviewed_by=None,
        reviewed_at=None,
        leased_to=None,
        leased_until=None,
    )
    if not is_known:
        disputes.drop_disputes(ids)
        return
    suspicion.rate_images(ids, label)
    if via not in (Via.REVIEW, Via.UNDO):
        contradicted = [image.pk for image in changed if disputes.contradicts_author(image, by)]
        disputes.open_disputes(contradicted, by)


def _build_event(change: LabelChange) -> dict[str, Any]:
    return {
        "image": str(change.image_id),
        "from": change.from_label,
        "to": change.to_label,
        "by": change.changed_by.username,
        "via": change.via,
    }


@transaction.atomic
def undo_changes(ids: Collection[UUID], by: User) -> None:
    """Undo this person's newest change of each label, all or none, by one more change.

    Raise RuleBroken if the newest change is somebody else's or has been undone, and
    InputImage.DoesNotExist for an image that has been deleted.
    """
    images = lock_images(ids)
    history = _list_changes(ids)
    by_label = defaultdict(list)
    for image in images:
        by_label[_get_undoable(history[image.pk], by).from_label].append(image)
    for label, labelled in by_label.items():
        _change_labels(labelled, label, by, Via.UNDO)
    _restore_labellers(
        [image for label in by_label if label != Label.UNKNOWN for image in by_label[label]],
        history,
    )
    disputes.withdraw_disputes(ids, by)


def _list_changes(ids: Collection[UUID]) -> dict[UUID, list[LabelChange]]:
    """Return the changes of each image, newest first."""
    history = defaultdict(list)
    for change in LabelChange.objects.filter(image__in=ids).order_by("-id"):
        history[change.image_id].append(change)
    return history


def _get_undoable(history: list[LabelChange], by: User) -> LabelChange:
    if not history or history[0].via == Via.UNDO:
        raise RuleBroken(_("There is nothing to undo."))
    if history[0].changed_by_id != by.pk:
        raise RuleBroken(
            _("Somebody else has changed the label since. Set the right label instead.")
        )
    return history[0]


def _restore_labellers(images: list[InputImage], history: dict[UUID, list[LabelChange]]) -> None:
    """Give restored labels the authors and times that they had before."""
    authors = {image.pk: history[image.pk][1] for image in images if len(history[image.pk]) > 1}
    restored = [
        InputImage(pk=pk, labelled_by_id=change.changed_by_id, labelled_at=change.created_at)
        for pk, change in authors.items()
    ]
    InputImage.objects.bulk_update(restored, ["labelled_by", "labelled_at"])


@transaction.atomic
def record_suggestion(image_id: UUID, label: str) -> None:
    """Record the label that a visitor suggests for an uploaded image, which does not get it.

    Raise RuleBroken for a label that does not exist, and InputImage.DoesNotExist.
    """
    validate_label(label)
    uploaded = InputImage.objects.uploaded().only("pk")
    image = uploaded.select_for_update(no_key=True).get(pk=image_id)
    Suggestion.objects.create(image=image, label=label)
    QueueItem.objects.filter(image=image).update(suggestion=label)
