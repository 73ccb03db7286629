"""Labelled uploads as a file, to train on elsewhere."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from itertools import chain, islice
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from django.db.models import Count, Window
from numpy.lib import format as npy

from classifier.models import InputImage
from classifier.recognition.labels import KNOWN_LABELS
from classifier.uploads import pictures

CHUNK = 1000
# The type and shape of each row.
ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {
    "x": ("|u1", (28, 28)),
    "y": ("|u1", ()),
    "ids": ("<U36", ()),
    "labelled_at": ("<M8[us]", ()),
}
COLUMNS = ["file", "label", "id", "upload", "sent_through", "labelled_at"]


def list_labelled(source: str | None = None, after: datetime | None = None) -> Iterator[Any]:
    """Return the images in the order of labelling, each with the number of all as `total`.

    They are read in chunks but by one query, so they are consistent.
    """
    images = InputImage.objects.uploaded().filter(label__in=KNOWN_LABELS)
    if source:
        images = images.filter(source=source)
    if after:
        images = images.filter(labelled_at__gt=after)
    images = images.annotate(total=Window(Count("*")))
    return images.order_by("labelled_at", "pk").iterator(chunk_size=CHUNK)


def write_npz(images: Iterator[Any], file: IO[bytes]) -> None:
    """Write the arrays x, y (10 is not a digit), ids and labelled_at."""
    first = list(islice(images, 1))
    total = first[0].total if first else 0
    columns = {name: bytearray() for name in ARRAYS if name != "x"}
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        # Only one entry can be open, so the small ones wait in memory.
        with _open_array(archive, "x", total) as array:
            for image in chain(first, images):
                array.write(image.pixels)
                columns["y"].append(KNOWN_LABELS.index(image.label))
                columns["ids"] += str(image.pk).encode("utf-32-le")
                labelled_at = image.labelled_at.replace(tzinfo=None)
                columns["labelled_at"] += np.datetime64(labelled_at, "us").tobytes()
        for name, column in columns.items():
            with _open_array(archive, name, total) as array:
                array.write(column)


@contextmanager
def _open_array(archive: ZipFile, name: str, length: int) -> Iterator[IO[bytes]]:
    dtype, shape = ARRAYS[name]
    header = {"descr": dtype, "fortran_order": False, "shape": (length, *shape)}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
        npy.write_array_header_1_0(entry, header)
        yield entry


def write_zip(images: Iterator[Any], file: IO[bytes]) -> None:
    """Write PNGs in the folders 0…9 and not_a_digit, and index.csv."""
    index = StringIO(newline="")
    rows = csv.writer(index)
    rows.writerow(COLUMNS)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for image in images:
            name = f"{image.label}/{image.pk}.png"
            archive.writestr(name, pictures.render_pixels(image.array), ZIP_STORED)
            labelled_at = image.labelled_at.isoformat()
            rows.writerow([name, image.label, image.pk, image.upload_id, image.source, labelled_at])
        archive.writestr("index.csv", index.getvalue())
