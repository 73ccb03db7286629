"""Corrections of whole pictures, by visitors and staff: each digit with its box."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier.errors import RuleBroken
from classifier.labelling import checks, labels
from classifier.models import (
    Correction,
    InputImage,
    LabelChange,
    ModelVersion,
    QueueItem,
    Suggestion,
    Upload,
    Via,
)
from classifier.recognition import imaging
from classifier.recognition.box_reader import read_boxes
from classifier.recognition.imaging import Box, measure_overlap
from classifier.recognition.labels import DIGITS, Label
from classifier.recognition.reading import ReadDigit
from classifier.registry import serving
from classifier.uploads import answers, records
from classifier.uploads.answers import DigitAnswer

MAX_DIGITS = 100
MAX_CORRECTIONS = 20  # of one upload, as anybody with its link can send them
BOXES_UNREADABLE = gettext_noop(
    "The boxes can't be read. Each is a list of x, y, width and height."
)
NOT_A_DIGIT = Label.NOT_A_DIGIT.value
SAME_DIGIT = 0.7  # intersection over union of two boxes that hold the same digit


@dataclass(frozen=True)
class ProposedDigit:
    """A digit of a correction: its image, the image's box, and the label that it should get."""

    image_id: UUID
    box: list[int]
    label: str


@transaction.atomic
def record_correction(upload_id: UUID, text: str, boxes: Sequence[Box] | None = None) -> Correction:
    """Record the digits that a visitor sees in a picture. Staff see them; no label changes.

    Without boxes, the text names the digits that were read, in reading order. Raise RuleBroken
    unless each digit has a box with writing, and Upload.DoesNotExist.
    """
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    if upload.corrections.count() >= MAX_CORRECTIONS:
        raise RuleBroken(
            _("This picture has been corrected too often. Ask the staff of this site.")
        )
    images = _list_images(upload)
    if boxes is None:
        boxes = [_get_box(image) for image in images if image.position is not None]
    suggested = _assign_labels(upload, text, boxes, images)
    correction = Correction.objects.create(upload=upload, text=text)
    Suggestion.objects.bulk_create(
        Suggestion(image=image, correction=correction, label=label) for image, label in suggested
    )
    items = [QueueItem(image=image, suggestion=label) for image, label in suggested]
    QueueItem.objects.bulk_update(items, ["suggestion"])
    return correction


def parse_boxes(text: str) -> list[Box] | None:
    """Parse boxes that a form sends as JSON; without any, return None. Raise RuleBroken."""
    if not text:
        return None
    try:
        boxes = [tuple(map(int, box)) for box in json.loads(text)]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise RuleBroken(_(BOXES_UNREADABLE)) from error
    if any(len(box) != 4 for box in boxes):
        raise RuleBroken(_(BOXES_UNREADABLE))
    return cast(list[Box], boxes)


def _assign_labels(
    upload: Upload, text: str, boxes: Sequence[Box], images: Sequence[InputImage]
) -> list[tuple[InputImage, str]]:
    """Return the label of each box's image, and not a digit for images outside all boxes.

    A box that no image has becomes an image.
    """
    _validate(upload, text, boxes)
    matches = _match_boxes(boxes, images)
    added = _add_images(upload, boxes, [place for place, image in enumerate(matches) if not image])
    digits = [image or added[place] for place, image in enumerate(matches)]
    dropped = [image for image in images if image not in digits]
    return [*zip(digits, text, strict=True), *((image, NOT_A_DIGIT) for image in dropped)]


def _get_box(image: InputImage) -> Box:
    x, y, width, height = image.box or (0, 0, 0, 0)
    return x, y, width, height


def _validate(upload: Upload, text: str, boxes: Sequence[Box]) -> None:
    if not text or set(text) - set(DIGITS):
        raise RuleBroken(_("Type the number with the digits 0 to 9 only."))
    if len(text) != len(boxes):
        values = {"digits": len(text), "boxes": len(boxes)}
        raise RuleBroken(
            _(
                "Each digit needs one box, but the number of digits is %(digits)s and that of "
                "boxes is %(boxes)s."
            )
            % values
        )
    _validate_boxes(upload, boxes)


def _validate_boxes(upload: Upload, boxes: Sequence[Box]) -> None:
    """Raise RuleBroken if there are too many boxes, or if one is empty or outside the picture."""
    if len(boxes) > MAX_DIGITS:
        raise RuleBroken(_("A correction can have at most %(n)s digits.") % {"n": MAX_DIGITS})
    for place, (x, y, width, height) in enumerate(boxes, 1):
        is_inside = x + width <= upload.width and y + height <= upload.height
        if not (is_inside and width > 0 and height > 0 and x >= 0 and y >= 0):
            raise RuleBroken(_("Box %(place)s is not inside the picture.") % {"place": place})


def _match_boxes(boxes: Sequence[Box], images: Iterable[InputImage]) -> list[InputImage | None]:
    """Return the image that holds the same digit as each box, or None if no image does."""
    free = list(images)
    matches: list[InputImage | None] = []
    for box in boxes:
        image = max(free, key=lambda each: measure_overlap(box, _get_box(each)), default=None)
        if image and measure_overlap(box, _get_box(image)) >= SAME_DIGIT:
            free.remove(image)
            matches.append(image)
        else:
            matches.append(None)
    return matches


def _add_images(upload: Upload, boxes: Sequence[Box], places: list[int]) -> dict[int, InputImage]:
    """Read the boxes at these places, and store each as an image in the queue."""
    if not places:
        return {}
    read, model = _read_boxes(upload, [boxes[place] for place in places])
    added: dict[int, InputImage] = {}
    for place, digit in zip(places, read, strict=True):
        if digit is None:
            raise RuleBroken(_("Box %(place)s has no writing in it.") % {"place": place + 1})
        added[place] = _add_image(upload, digit, model)
    return added


def _read_boxes(
    upload: Upload, boxes: Sequence[Box]
) -> tuple[list[ReadDigit | None], ModelVersion]:
    served = serving.champion.get()
    with upload.file.open() as file:
        picture = imaging.decode(file.read())
    return read_boxes(picture, boxes, served.recognizer), served.version


def preview_boxes(upload: Upload, boxes: Sequence[Box]) -> list[tuple[DigitAnswer, bytes] | None]:
    """Recognise a digit in each box of an upload, without storing it.

    A digit comes with its 28×28 bytes, ink = 255; a box without writing gives None. Raise
    RuleBroken for boxes outside the picture, and NoModel if no model serves.
    """
    _validate_boxes(upload, boxes)
    read, _model = _read_boxes(upload, boxes)
    return [(answers.build_digit(each), each.pixels.tobytes()) if each else None for each in read]


def _add_image(upload: Upload, digit: ReadDigit, model: ModelVersion) -> InputImage:
    image = InputImage.objects.create(
        pixels=digit.pixels.tobytes(),
        source=upload.source,
        upload=upload,
        box=list(digit.box),
        position=None,
    )
    records.build_queue_item(image, digit.recognition).save(force_insert=True)
    records.build_prediction(image, digit.recognition, model).save()
    return image


def find_newest(upload_ids: Iterable[UUID]) -> dict[UUID, Correction]:
    """Return the newest correction of each of these uploads that has one."""
    newest = Correction.objects.filter(upload__in=upload_ids).order_by("upload", "-id")
    prefetched = newest.distinct("upload").prefetch_related("suggestions__image")
    return {correction.upload_id: correction for correction in prefetched}


def list_digits(correction: Correction) -> list[ProposedDigit]:
    """Return the digits of a correction in reading order."""
    suggestions = sorted(correction.suggestions.all(), key=lambda each: each.pk)
    return [
        ProposedDigit(each.image_id, each.image.box or [], each.label)
        for each in suggestions[: len(correction.text)]
    ]


@transaction.atomic
def accept_correction(correction_id: int, image_id: UUID, by: User) -> None:
    """Label all images of a correction as the visitor suggests, except those with a label.

    `image_id` is the image that the person was shown; if it is a hidden check, its suggestion is
    the answer. Raise what `labels.apply_labels` raises, and RuleBroken without such a correction.
    """
    suggestions = Suggestion.objects.filter(correction=correction_id)
    new_labels = dict(suggestions.values_list("image", "label"))
    if image_id not in new_labels:
        raise RuleBroken(_("The correction does not exist, or it belongs to another picture."))
    _label_waiting(new_labels, image_id, by)


@transaction.atomic
def label_picture(image_id: UUID, text: str, boxes: Sequence[Box], by: User) -> None:
    """Label all images of this image's picture by the digits and boxes that the person sees.

    Images with a label keep it, as with `accept_correction`. Raise RuleBroken unless each digit has
    a box with writing, and InputImage.DoesNotExist.
    """
    uploads = Upload.objects.select_for_update(no_key=True, of=("self",))
    upload = uploads.filter(images=image_id).first()
    if upload is None:
        raise InputImage.DoesNotExist
    assigned = _assign_labels(upload, text, boxes, _list_images(upload))
    _label_waiting({image.pk: label for image, label in assigned}, image_id, by)


def _list_images(upload: Upload) -> list[InputImage]:
    return list(upload.images.order_by("position", "created_at").defer("pixels"))


def _label_waiting(new_labels: Mapping[UUID, str], image_id: UUID, by: User) -> None:
    checks.record_answer(image_id, new_labels[image_id], by)
    waiting = QueueItem.objects.filter(pk__in=new_labels, waiting=True).values_list("pk", flat=True)
    labels.apply_labels({pk: new_labels[pk] for pk in waiting}, by, Via.CORRECTION)


def undo_acceptance(image_id: UUID, by: User) -> bool:
    """Undo this person's acceptance of a correction. Return False if the image has none to undo."""
    newest = LabelChange.objects.filter(image__upload__images=image_id).order_by("image", "-id")
    accepted = [
        change.image_id
        for change in newest.distinct("image")
        if change.via == Via.CORRECTION and change.changed_by_id == by.pk
    ]
    if image_id not in accepted:
        return False
    labels.undo_changes(accepted, by)
    return True
