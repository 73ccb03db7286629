"""Setting labels, and taking them back, with all of it on record."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import UPLOAD_SOURCES, InputImage, LabelChange, QueueItem, Suggestion, Via
from classifier.recognition.labels import KNOWN_LABELS, LABELS, Event, Label
from classifier.webhooks import events


def set_label(image_id: UUID, to: str, by: User, via: Via) -> None:
    """Sets one label. Raises as `label_all` does."""
    set_labels([image_id], to, by, via)


@transaction.atomic
def set_labels(ids: Collection[UUID], to: str, by: User, via: Via) -> None:
    """Sets the uploads' labels and keeps who changed each, when, from what and through what.

    Sets none of them and raises RuleBroken for a label that does not exist and for an image of
    MNIST, InputImage.DoesNotExist where one is gone.
    """
    _check(to)
    _set(_locked(ids), to, by, via)


@transaction.atomic
def apply_labels(wanted: Mapping[UUID, str], by: User, via: Via) -> None:
    """Sets a label of its own for each, all or none. Raises as `label_all` does."""
    alike = defaultdict(list)
    for image in _locked(wanted):
        alike[wanted[image.pk]].append(image)
    for to, images in alike.items():
        _check(to)
        _set(images, to, by, via)


def _check(label: str) -> None:
    if label not in LABELS:
        raise RuleBroken(f"{label!r} is not a label. Use one of: {', '.join(LABELS)}.")


def _locked(ids: Collection[UUID]) -> list[InputImage]:
    # In one order, so that two people can't block each other.
    chosen = InputImage.objects.filter(pk__in=ids).order_by("pk").defer("pixels")
    # Keys stay, so that nobody waits who only refers to them, as a hidden check does.
    images = list(chosen.select_for_update(of=("self",), no_key=True))
    if len(images) < len(set(ids)):
        raise InputImage.DoesNotExist("An image has been deleted; nothing was labelled.")
    if any(image.source not in UPLOAD_SOURCES for image in images):
        raise RuleBroken("MNIST's own labels stay as they are: models are measured by them.")
    return images


def _describe_change(change: LabelChange) -> dict[str, Any]:
    return {
        "image": str(change.image_id),
        "from": change.from_label,
        "to": change.to_label,
        "by": change.changed_by.username,
        "via": change.via,
    }


def _set(images: Iterable[InputImage], to: str, by: User, via: Via) -> None:
    changed = [image for image in images if image.label != to]
    changes = LabelChange.objects.bulk_create(
        LabelChange(image=image, from_label=image.label, to_label=to, changed_by=by, via=via)
        for image in changed
    )
    events.publish(Event.LABEL_CREATED, [_describe_change(change) for change in changes])
    known = to != Label.UNKNOWN
    ids = [image.pk for image in changed]
    InputImage.objects.filter(pk__in=ids).update(
        label=to,
        labelled_by=by if known else None,
        labelled_at=timezone.now() if known else None,
    )
    items = QueueItem.objects.filter(pk__in=ids)
    items.update(waiting=not known, leased_to=None, leased_until=None)


@transaction.atomic
def undo_changes(ids: Collection[UUID], by: User) -> None:
    """Takes back this person's newest change of each label, by one more change.

    Takes none of them back and raises RuleBroken where the newest change is not theirs, or is an
    undoing itself.
    """
    images, history = _locked(ids), _history(ids)
    back = defaultdict(list)
    for image in images:
        back[_undoable(history[image.pk], by).from_label].append(image)
    for to, of_label in back.items():
        _set(of_label, to, by, Via.UNDO)
    _whose_it_was([image for to in back if to != Label.UNKNOWN for image in back[to]], history)


def _history(ids: Collection[UUID]) -> dict[UUID, list[LabelChange]]:
    """The changes of each image, newest first."""
    history = defaultdict(list)
    for change in LabelChange.objects.filter(image__in=ids).order_by("-id"):
        history[change.image_id].append(change)
    return history


def _undoable(history: list[LabelChange], by: User) -> LabelChange:
    if not history or history[0].via == Via.UNDO:
        raise RuleBroken("There is nothing to undo: the label is what it was before.")
    if history[0].changed_by_id != by.pk:
        raise RuleBroken("Somebody else has changed the label since; set it anew instead.")
    return history[0]


def _whose_it_was(images: list[InputImage], history: dict[UUID, list[LabelChange]]) -> None:
    """A label that is back is by whoever set it, not by whoever took back what came after."""
    set_by = {image.pk: history[image.pk][1] for image in images if len(history[image.pk]) > 1}
    back = [
        InputImage(pk=pk, labelled_by_id=change.changed_by_id, labelled_at=change.created_at)
        for pk, change in set_by.items()
    ]
    InputImage.objects.bulk_update(back, ["labelled_by", "labelled_at"])


@transaction.atomic
def record_suggestion(image_id: UUID, label: str) -> None:
    """Keeps what a visitor says an upload is; it is shown to staff and changes no label.

    Raises RuleBroken for what is no label, InputImage.DoesNotExist for what is no upload.
    """
    if label not in KNOWN_LABELS:
        raise RuleBroken(f"{label!r} is no answer. Use one of: {', '.join(KNOWN_LABELS)}.")
    uploaded = InputImage.objects.uploaded().only("pk")
    # Else it could be deleted while this is written.
    image = uploaded.select_for_update(no_key=True).get(pk=image_id)
    Suggestion.objects.create(image=image, label=label)
    QueueItem.objects.filter(image=image).update(suggestion=label)
