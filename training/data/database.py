"""What is learnt from and what is measured on: the one module of training that reads rows."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone

from classifier.models import UPLOAD_SOURCES, InputImage, InputImageQuerySet, ModelVersion, Source
from classifier.recognition.labels import DIGITS, Label
from classifier.recognition.recognizer import NOT_A_DIGIT
from training.data.images import Images, Pixels
from training.data.near_duplicates import group_images

HELD_OUT_IN = 10


@dataclass(frozen=True)
class Dataset:
    """MNIST's digits, what people labelled, and in `snapshot` exactly which they are."""

    mnist: Images
    corrections: Images
    snapshot: dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """What a model is measured on: N images and their ids."""

    ids: list[str]
    images: Images


@dataclass(frozen=True)
class _Row:
    id: str
    label: str
    source: str
    pixels: bytes
    group: UUID | None


def training(champion: ModelVersion | None = None) -> Dataset:
    """Labelled training rows without the held-out share; 'unknown' never gets in.

    The snapshot tells what has been labelled since the champion's.
    """
    group_labelled_uploads()
    read_at = timezone.now()
    every = list(_rows(_training_images()))
    rows = [row for row in every if not _is_held_out(row)]
    uploads = [row for row in rows if row.source in UPLOAD_SOURCES]
    mnist = [row for row in rows if row.source not in UPLOAD_SOURCES]
    snapshot = {
        "read_at": read_at.isoformat(),
        **_snapshot(rows, held_out=len(every) - len(rows)),
        "corrected": {row.id: row.label for row in uploads},
        "since": _since(uploads, champion),
    }
    return Dataset(_images(mnist), _images(uploads), snapshot)


def test_split() -> Measured:
    """MNIST's test split, as far as it is loaded."""
    return _measured(_rows(InputImage.objects.digits().filter(is_training=False)))


def held_out() -> Measured:
    """Return the share of the labelled uploads that no model ever learns from."""
    group_labelled_uploads()
    return _measured(filter(_is_held_out, _rows(_training_images().uploaded())))


@transaction.atomic
def group_labelled_uploads() -> None:
    """Store for each newly labelled upload which near-duplicates it belongs to, once and for all.

    A group is held out or trained on as a whole, so that a held-out image has no copy in training.
    """
    images = _training_images().uploaded().order_by("labelled_at", "pk")
    # A second process waits here, and then finds nothing left to group.
    new = list(images.filter(group=None).select_for_update(no_key=True).only("pixels"))
    if not new:
        return
    known = [row for row in _rows(images) if row.group]
    groups = group_images(
        _pixels(bytes(image.pixels) for image in new),
        _pixels(row.pixels for row in known),
        [row.group for row in known if row.group],
    )
    for image, group in zip(new, groups, strict=True):
        image.group = group
    InputImage.objects.bulk_update(new, ["group"], batch_size=1000)


def _measured(rows: Iterable[_Row]) -> Measured:
    rows = list(rows)
    return Measured([row.id for row in rows], _images(rows))


def _since(uploads: list[_Row], champion: ModelVersion | None) -> dict[str, Any]:
    """The images that the champion has not learnt as what they are now."""
    learnt = champion.snapshot.get("corrected", {}) if champion else {}
    new = [row.id for row in uploads if learnt.get(row.id) != row.label]
    return {"model": champion.name if champion else None, "images": new}


def _training_images() -> InputImageQuerySet:
    return InputImage.objects.exclude(label=Label.UNKNOWN).filter(is_training=True)


def _rows(images: InputImageQuerySet) -> Iterator[_Row]:
    values = images.order_by("id").values_list("id", "label", "source", "pixels", "group")
    for id_, label, source, pixels, group in values.iterator(chunk_size=5000):
        yield _Row(str(id_), label, source, bytes(pixels), group)


def _is_held_out(row: _Row) -> bool:
    return row.group is not None and row.group.int % HELD_OUT_IN == 0


def _images(rows: list[_Row]) -> Images:
    return Images(
        _pixels(row.pixels for row in rows), np.array([_class(row.label) for row in rows], np.uint8)
    )


def _pixels(stored: Iterable[bytes]) -> Pixels:
    return np.frombuffer(b"".join(stored), np.uint8).reshape(-1, 28, 28)


def _class(label: str) -> int:
    return NOT_A_DIGIT if label == Label.NOT_A_DIGIT else int(label)


def _snapshot(rows: list[_Row], held_out: int) -> dict[str, Any]:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.id.encode() + row.label.encode() + row.pixels)
    labels = Counter(row.label for row in rows)
    return {
        "images": len(rows),
        "by_source": dict(sorted(Counter(row.source for row in rows).items())),
        "by_label": {name: labels[name] for name in (*DIGITS, Label.NOT_A_DIGIT)},
        "sha256": digest.hexdigest(),
        "left_out": {
            "unknown": InputImage.objects.filter(label=Label.UNKNOWN).count(),
            "held_out": held_out,
        },
    }


def has_mnist() -> bool:
    return InputImage.objects.filter(source__in=[Source.MNIST, Source.MNIST_SAMPLE]).exists()
