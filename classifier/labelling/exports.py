"""What people sent and staff labelled, as a file to train on elsewhere."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import TextIOWrapper
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from django.db.models import Count, Window
from numpy.lib import format as npy

from classifier.models import InputImage
from classifier.recognition.labels import KNOWN_LABELS, Label
from classifier.recognition.recognizer import NOT_A_DIGIT
from classifier.uploads import pictures

CHUNK = 1000
# Of each row in the array: its type and its shape.
ARRAYS: dict[str, tuple[str, tuple[int, ...]]] = {
    "x": ("|u1", (28, 28)),
    "y": ("|u1", ()),
    "ids": ("<U36", ()),
    "labelled_at": ("<M8[us]", ()),
}
COLUMNS = ["file", "label", "id", "upload", "sent_through", "labelled_at"]


def list_labelled(source: str | None = None, after: datetime | None = None) -> Iterator[Any]:
    """In the order of labelling, each with how `many` they are.

    They are read in chunks, but by one query, and so as they were at one moment.
    """
    images = InputImage.objects.uploaded().filter(label__in=KNOWN_LABELS)
    if source:
        images = images.filter(source=source)
    if after:
        images = images.filter(labelled_at__gt=after)
    counted = images.annotate(many=Window(Count("*")))
    return counted.order_by("labelled_at", "pk").iterator(chunk_size=CHUNK)


def write_npz(images: Iterator[Any], file: IO[bytes]) -> None:
    """The arrays x, y (10 is not a digit), ids and labelled_at."""
    first = list(islice(images, 1))
    many = first[0].many if first else 0
    with ExitStack() as stack, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        # One entry can be written at a time: the large one as it comes, the others after it.
        kept = {name: stack.enter_context(TemporaryFile()) for name in ARRAYS if name != "x"}
        with _entry(archive, "x", many) as x:
            rest = chain(first, images)
            while chunk := list(islice(rest, CHUNK)):
                x.write(b"".join(image.pixels for image in chunk))
                for name, content in _columns(chunk).items():
                    kept[name].write(content)
        for name, column in kept.items():
            column.seek(0)
            with _entry(archive, name, many) as entry:
                shutil.copyfileobj(column, entry)


@contextmanager
def _entry(archive: ZipFile, name: str, many: int) -> Iterator[IO[bytes]]:
    kind, shape = ARRAYS[name]
    header = {"descr": kind, "fortran_order": False, "shape": (many, *shape)}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
        npy.write_array_header_1_0(entry, header)
        yield entry


def _columns(images: list[InputImage]) -> dict[str, bytes]:
    moments = [image.labelled_at.replace(tzinfo=None) for image in images if image.labelled_at]
    return {
        "y": bytes(_number(image.label) for image in images),
        "ids": "".join(str(image.pk) for image in images).encode("utf-32-le"),
        "labelled_at": np.array(moments, "<M8[us]").tobytes(),
    }


def _number(label: str) -> int:
    return NOT_A_DIGIT if label == Label.NOT_A_DIGIT else int(label)


def write_zip(images: Iterator[Any], file: IO[bytes]) -> None:
    """PNGs in folders 0…9 and not_a_digit, and index.csv."""
    with TemporaryFile("w+b") as kept, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        index = TextIOWrapper(kept, newline="", write_through=True)
        lines = csv.writer(index)
        lines.writerow(COLUMNS)
        for image in images:
            name = f"{image.label}/{image.pk}.png"
            archive.writestr(name, pictures.render_image(image), ZIP_STORED)
            lines.writerow(_line(image, name))
        kept.seek(0)
        with archive.open("index.csv", "w", force_zip64=True) as entry:
            shutil.copyfileobj(kept, entry)
        index.detach()


def _line(image: InputImage, name: str) -> list[Any]:
    when = image.labelled_at.isoformat() if image.labelled_at else ""
    return [name, image.label, image.pk, image.upload_id, image.source, when]
