"""Setting labels, and taking them back, with all of it on record."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from classifier.models import UPLOADED, InputImage, LabelChange, QueueItem, Suggestion, Via
from classifier.services import RuleBroken
from classifier.vocabulary import KNOWN_LABELS, LABELS, Label


def label(image_id: UUID, to: str, by: User, via: Via) -> None:
    """Sets one label. Raises as `label_all` does."""
    label_all([image_id], to, by, via)


@transaction.atomic
def label_all(ids: Collection[UUID], to: str, by: User, via: Via) -> None:
    """Sets the uploads' labels and keeps who changed each, when, from what and through what.

    Sets none of them and raises RuleBroken for a label that does not exist and for an image of
    MNIST, InputImage.DoesNotExist where one is gone.
    """
    if to not in LABELS:
        raise RuleBroken(f"{to!r} is not a label. Use one of: {', '.join(LABELS)}.")
    _set(_locked(ids), to, by, via)


def _locked(ids: Collection[UUID]) -> list[InputImage]:
    # In one order, so that two people can't block each other.
    chosen = InputImage.objects.filter(pk__in=ids).order_by("pk").defer("pixels")
    images = list(chosen.select_for_update(of=("self",)))
    if len(images) < len(set(ids)):
        raise InputImage.DoesNotExist("An image has been deleted; nothing was labelled.")
    if any(image.source not in UPLOADED for image in images):
        raise RuleBroken("MNIST's own labels stay as they are: models are measured by them.")
    return images


def _set(images: Iterable[InputImage], to: str, by: User, via: Via) -> None:
    changed = [image for image in images if image.label != to]
    LabelChange.objects.bulk_create(
        LabelChange(image=image, from_label=image.label, to_label=to, changed_by=by, via=via)
        for image in changed
    )
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
def undo(ids: Collection[UUID], by: User) -> None:
    """Takes back this person's newest change of each label, by one more change.

    Takes none of them back and raises RuleBroken where the newest change is not theirs, or is an
    undoing itself.
    """
    images = _locked(ids)
    newest = LabelChange.objects.filter(image__in=ids).order_by("image", "-id").distinct("image")
    before = {change.image_id: change for change in newest}
    back = defaultdict(list)
    for image in images:
        change = before.get(image.pk)
        if change is None or change.via == Via.UNDO:
            raise RuleBroken("There is nothing to undo: the label is what it was before.")
        if change.changed_by_id != by.pk:
            raise RuleBroken("Somebody else has changed the label since; set it anew instead.")
        back[change.from_label].append(image)
    for to, of_label in back.items():
        _set(of_label, to, by, Via.UNDO)


@transaction.atomic
def suggest(image_id: UUID, label: str) -> None:
    """Keeps what a visitor says an upload is; it is shown to staff and changes no label.

    Raises RuleBroken for what is no label, InputImage.DoesNotExist for what is no upload.
    """
    if label not in KNOWN_LABELS:
        raise RuleBroken(f"{label!r} is no answer. Use one of: {', '.join(KNOWN_LABELS)}.")
    image = InputImage.objects.uploaded().only("pk").get(pk=image_id)
    Suggestion.objects.create(image=image, label=label)
    QueueItem.objects.filter(image=image).update(suggestion=label)
