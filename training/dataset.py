"""What is learnt from and what is measured on: the one module of training that reads rows."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.models import UPLOADED, InputImage, InputImageQuerySet, Source
from classifier.recognizer import NOT_A_DIGIT
from classifier.vocabulary import DIGITS, Label
from training.images import Images, pixel_hash

HELD_OUT_IN = 10


@dataclass(frozen=True)
class Dataset:
    """Digits and what people said is none, and in `snapshot` exactly which they are."""

    train: Images
    snapshot: dict[str, Any]


@dataclass(frozen=True)
class _Row:
    id: str
    label: str
    source: str
    pixels: bytes


def training() -> Dataset:
    """Labelled training rows without the held-out share; 'unknown' never gets in."""
    rows = [row for row in _rows(_training_images()) if not _is_held_out(row)]
    return Dataset(_images(rows), _snapshot(rows))


def test_split() -> Images:
    """MNIST's test split, as far as it is loaded."""
    return _images(list(_rows(InputImage.objects.digits().filter(is_training=False))))


def held_out() -> Images:
    """The share of the labelled uploads that no model ever learns from."""
    return _images([row for row in _rows(_training_images().uploaded()) if _is_held_out(row)])


def _training_images() -> InputImageQuerySet:
    return InputImage.objects.exclude(label=Label.UNKNOWN).filter(is_training=True)


def _rows(images: InputImageQuerySet) -> Iterator[_Row]:
    values = images.order_by("id").values_list("id", "label", "source", "pixels")
    for id_, label, source, pixels in values.iterator(chunk_size=5000):
        yield _Row(str(id_), label, source, bytes(pixels))


def _is_held_out(row: _Row) -> bool:
    return row.source in UPLOADED and pixel_hash(row.pixels) % HELD_OUT_IN == 0


def _images(rows: list[_Row]) -> Images:
    pixels = np.frombuffer(b"".join(row.pixels for row in rows), np.uint8).reshape(-1, 28, 28)
    return Images(pixels, np.array([_class(row.label) for row in rows], np.uint8))


def _class(label: str) -> int:
    return NOT_A_DIGIT if label == Label.NOT_A_DIGIT else int(label)


def _snapshot(rows: list[_Row]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.id.encode() + row.label.encode() + row.pixels)
    labels = Counter(row.label for row in rows)
    return {
        "images": len(rows),
        "by_source": dict(sorted(Counter(row.source for row in rows).items())),
        "by_label": {name: labels[name] for name in (*DIGITS, Label.NOT_A_DIGIT)},
        "sha256": digest.hexdigest(),
        "corrected": [row.id for row in rows if row.source in UPLOADED],
        "left_out": {
            "unknown": InputImage.objects.filter(label=Label.UNKNOWN).count(),
            "held_out": len(held_out()),
        },
    }


def has_mnist() -> bool:
    return InputImage.objects.filter(source__in=[Source.MNIST, Source.MNIST_SAMPLE]).exists()
