"""Reads images for training and evaluation from the database, and stores MNIST in it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from tqdm import tqdm

from classifier.models import (
    MNIST_SOURCES,
    UPLOAD_SOURCES,
    Dispute,
    InputImage,
    InputImageQuerySet,
    ModelVersion,
    QueueItem,
    Source,
)
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.labels import KNOWN_LABELS, Label
from training.data.images import EvaluationSet, GroupedImages, Images
from training.data.mnist import Mnist
from training.data.near_duplicates import group_images
from training.data.snapshot import LeftOut, NewLabels, Snapshot

HELD_OUT_DIVISOR = 10
COLUMNS = "id, label, is_training, pixels, source, created_at"
TYPES = ["uuid", "varchar", "bool", "bytea", "varchar", "timestamptz"]


@dataclass(frozen=True)
class TrainingData:
    """MNIST's digits, the labelled uploads, those with new labels, and the record of all."""

    mnist: Images
    uploads: Images
    new: GroupedImages
    snapshot: Snapshot


@dataclass(frozen=True)
class _Row:
    id: str
    label: str
    source: str
    pixels: bytes
    group: UUID | None


def load_training_data(champion: ModelVersion | None = None) -> TrainingData:
    """Read all labelled training images except the held-out and the disputed uploads.

    Uploads with equal pixels and labels count once.
    """
    group_labelled_uploads()
    read_at = timezone.now()
    labelled = list(_read_rows(_filter_labelled()))
    rows = [row for row in labelled if not _is_held_out(row)]
    uploads = [row for row in rows if row.source in UPLOAD_SOURCES]
    mnist = [row for row in rows if row.source not in UPLOAD_SOURCES]
    labels = Counter(row.label for row in rows)
    unknown = InputImage.objects.filter(label=Label.UNKNOWN).count()
    trained_on = champion.snapshot.get("corrected", {}) if champion else {}
    new = [row for row in uploads if trained_on.get(row.id) != row.label]
    snapshot = Snapshot(
        read_at=read_at.isoformat(),
        images=len(rows),
        by_source=dict(sorted(Counter(row.source for row in rows).items())),
        by_label={name: labels[name] for name in KNOWN_LABELS},
        sha256=_hash_rows(rows),
        left_out=LeftOut(
            unknown,
            held_out=len(labelled) - len(rows),
            disputed=_list_disputed().filter(waiting=False).count(),
        ),
        corrected={row.id: row.label for row in uploads},
        since=NewLabels(champion.name if champion else None, [row.id for row in new]),
    )
    copies = {(row.pixels, row.label): row for row in uploads}
    return TrainingData(
        mnist=_to_images(mnist),
        uploads=_to_images([*copies.values()]),
        new=GroupedImages(
            [row.id for row in new], _to_images(new), [str(row.group) for row in new]
        ),
        snapshot=snapshot,
    )


def _hash_rows(rows: list[_Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.id.encode() + row.label.encode() + row.pixels)
    return digest.hexdigest()


def load_test_split() -> EvaluationSet:
    return _to_set(_read_rows(InputImage.objects.digits().filter(is_training=False)))


def load_held_out_uploads() -> EvaluationSet:
    """Read the fixed share of the labelled uploads that no model is trained on."""
    group_labelled_uploads()
    return _to_set(filter(_is_held_out, _read_rows(_filter_labelled().uploaded())))


@transaction.atomic
def group_labelled_uploads() -> None:
    """Store the group of near-duplicates that each newly labelled upload belongs to.

    A group is held out or trained on as a whole, so that no held-out image has a copy in training.
    It never changes.
    """
    images = _filter_labelled().uploaded().order_by("labelled_at", "pk")
    # A second process waits here, and then has nothing left to group.
    new = list(images.filter(group=None).select_for_update(no_key=True).only("pixels"))
    if not new:
        return
    grouped = [row for row in _read_rows(images) if row.group]
    groups = group_images(
        _to_pixels(bytes(image.pixels) for image in new),
        _to_pixels(row.pixels for row in grouped),
        [row.group for row in grouped if row.group],
    )
    for image, group in zip(new, groups, strict=True):
        image.group = group
    InputImage.objects.bulk_update(new, ["group"], batch_size=1000)


def has_mnist() -> bool:
    return InputImage.objects.filter(source__in=MNIST_SOURCES).exists()


def count_mnist(source: Source) -> tuple[int, int]:
    """Return the numbers of training and test images from MNIST or its sample."""
    counts = InputImage.objects.filter(source=source).aggregate(
        train=Count("pk", filter=Q(is_training=True)), test=Count("pk", filter=Q(is_training=False))
    )
    return counts["train"], counts["test"]


@transaction.atomic
def store_mnist(mnist: Mnist, progress_bar: bool) -> None:
    """Replace all images from MNIST or its sample."""
    InputImage.objects.filter(source__in=MNIST_SOURCES).delete()
    rows = tqdm(
        _make_mnist_rows(mnist), total=sum(mnist.counts), unit=" images", disable=not progress_bar
    )
    statement = f"COPY input_data ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(TYPES)
        for row in rows:
            copy.write_row(row)


def _make_mnist_rows(mnist: Mnist) -> Iterator[tuple[object, ...]]:
    now = timezone.now()
    source = Source.MNIST_SAMPLE if mnist.is_sample else Source.MNIST
    splits = ((True, mnist.x_train, mnist.y_train), (False, mnist.x_test, mnist.y_test))
    for is_training, images, labels in splits:
        for index, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            id_ = make_mnist_id(source, is_training, index)
            yield id_, str(label), is_training, image.tobytes(), source.value, now


def make_mnist_id(source: Source, is_training: bool, index: int) -> UUID:
    """Return an id that is the same in every database, so that snapshots can be compared."""
    return uuid5(NAMESPACE_URL, f"{source}/{'train' if is_training else 'test'}/{index}")


def _filter_labelled() -> InputImageQuerySet:
    """Return the labelled training images, except those that equal a disputed one."""
    labelled = InputImage.objects.exclude(label=Label.UNKNOWN).filter(is_training=True)
    return labelled.exclude(pk__in=_list_disputed().values("pk"))


def _list_disputed() -> QuerySet[QueueItem]:
    return QueueItem.objects.with_pixels_of(Dispute.objects.open().values("image"))


def _read_rows(images: InputImageQuerySet) -> Iterator[_Row]:
    values = images.order_by("id").values_list("id", "label", "source", "pixels", "group")
    for id_, label, source, pixels, group in values.iterator(chunk_size=5000):
        yield _Row(str(id_), label, source, bytes(pixels), group)


def _is_held_out(row: _Row) -> bool:
    return row.group is not None and row.group.int % HELD_OUT_DIVISOR == 0


def _to_set(rows: Iterable[_Row]) -> EvaluationSet:
    rows = list(rows)
    return EvaluationSet([row.id for row in rows], _to_images(rows))


def _to_images(rows: list[_Row]) -> Images:
    classes = [KNOWN_LABELS.index(row.label) for row in rows]
    return Images(_to_pixels(row.pixels for row in rows), np.array(classes, np.uint8))


def _to_pixels(stored: Iterable[bytes]) -> Pixels:
    return np.frombuffer(b"".join(stored), np.uint8).reshape(-1, 28, 28)
