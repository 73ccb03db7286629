"""Labelled pictures from a zip file or NumPy's npz. Archives are untrusted."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from django.conf import settings
from django.utils.translation import gettext_noop
from numpy.lib import format as npy
from numpy.typing import NDArray

from classifier.recognition.imaging import ImageError, remove_trailing_data
from classifier.recognition.labels import KNOWN_LABELS
from classifier.uploads import pictures

MAX_PICTURES = 500
# This leaves room for folders, and for the hidden file that macOS adds to each picture.
MAX_ENTRIES = 2 * MAX_PICTURES + 100
ENTRY_SIGNATURE = b"PK\x01\x02"
MAX_EXPANSION = 4  # of all entries together, relative to MAX_UPLOAD_BYTES
INDEX = "index.csv"
ENCRYPTED = 1


@dataclass(frozen=True)
class LabelledPicture:
    """A picture's file, its label, and its name in the archive.

    An exported picture has the pixels of an image.
    """

    name: str
    data: bytes
    label: str
    is_exported: bool = False


def read_pictures(archive: bytes) -> list[LabelledPicture]:
    """Return the pictures. Raise ImageError if the archive is damaged, unsafe or malformed."""
    with _open_archive(archive) as opened:
        entries = {entry.filename: entry for entry in _list_entries(opened)}
        if "x.npy" in entries:
            return list(_read_arrays(opened, entries))
        return list(_read_folders(opened, entries))


@contextmanager
def _reporting_damage() -> Iterator[None]:
    """Raise ImageError for any exception of the readers of zip and npy files.

    They document few of them: NumPy parses a header as Python source, which raises MemoryError,
    RecursionError, SyntaxError and TokenError, among others.
    """
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        raise ImageError(
            "damaged", gettext_noop("The archive is damaged. Create it again.")
        ) from error


@contextmanager
def _open_archive(archive: bytes) -> Iterator[ZipFile]:
    # Opening costs memory for each entry, whatever the archive's own count says.
    if archive.count(ENTRY_SIGNATURE) > MAX_ENTRIES:
        raise _build_too_many_error()
    with _reporting_damage():
        try:
            opened = ZipFile(BytesIO(archive))
        except BadZipFile as error:
            message = gettext_noop(
                "This is not an archive. Send a zip file of pictures, or an npz file with x and y."
            )
            raise ImageError("not_an_archive", message) from error
    with opened:
        yield opened


def _build_too_many_error() -> ImageError:
    message = gettext_noop(
        "The archive holds too many pictures. Send at most %(n)s in each archive."
    )
    return ImageError("too_many_files", message, n=MAX_PICTURES)


@_reporting_damage()
def _list_entries(archive: ZipFile) -> list[ZipInfo]:
    """Return the files in the archive, except those that macOS hides there.

    The declared sizes can be trusted, as a reader stops at them. Raise ImageError if one is unsafe.
    """
    entries = []
    for entry in archive.infolist():
        parts = entry.filename.split("/")
        if not (entry.is_dir() or parts[0] == "__MACOSX" or parts[-1].startswith("._")):
            _check_entry(entry)
            entries.append(entry)
    if sum(entry.file_size for entry in entries) > MAX_EXPANSION * settings.MAX_UPLOAD_BYTES:
        message = gettext_noop("The archive unpacks to more than %(n)s MB. Divide it.")
        raise ImageError("too_large", message, n=MAX_EXPANSION * settings.MAX_UPLOAD_MB)
    return entries


def _check_entry(entry: ZipInfo) -> None:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        message = gettext_noop("The path %(name)r leads out of the archive. Remove it.")
        raise ImageError("bad_path", message, name=name)
    if entry.flag_bits & ENCRYPTED:
        message = gettext_noop("The archive is encrypted. Create it without a password.")
        raise ImageError("encrypted", message)
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        message = gettext_noop(
            "%(name)r has an unusual compression. Create the archive with deflate."
        )
        raise ImageError("unusual_packing", message, name=name)


def _read_folders(archive: ZipFile, entries: dict[str, ZipInfo]) -> Iterator[LabelledPicture]:
    names = [name for name in entries if name != INDEX]
    if len(names) > MAX_PICTURES:
        raise _build_too_many_error()
    if not names:
        raise ImageError("empty", gettext_noop("The archive holds no pictures."))
    labels = {name: _parse_label(name) for name in names}
    exported = _list_exported(_read_entry(archive, entries[INDEX])) if INDEX in entries else set()
    for name, label in labels.items():
        data = _read_entry(archive, entries[name])
        yield LabelledPicture(name, remove_trailing_data(data), label, name in exported)


def _list_exported(index: bytes) -> set[str]:
    """Return the names of the files that an index gives the id of an image."""
    with _reporting_damage():
        rows = csv.DictReader(StringIO(index.decode(), newline=""))
        return {row["file"] for row in rows if row.get("file") and row.get("id")}


def _read_entry(archive: ZipFile, entry: ZipInfo) -> bytes:
    with _reporting_damage():
        return archive.read(entry)


def _parse_label(name: str) -> str:
    folder = name.rpartition("/")[0]
    if folder not in KNOWN_LABELS:
        message = gettext_noop(
            "%(name)r is in no folder that is named by a label: 0 to 9, or not_a_digit."
        )
        raise ImageError("bad_folder", message, name=name)
    return folder


def _read_arrays(archive: ZipFile, entries: dict[str, ZipInfo]) -> Iterator[LabelledPicture]:
    if "y.npy" not in entries:
        raise ImageError("bad_arrays", gettext_noop("The npz file has no array y with the labels."))
    x, y = (_parse_array(_read_entry(archive, entries[name])) for name in ("x.npy", "y.npy"))
    if x.ndim != 3 or x.dtype != np.uint8 or y.dtype.kind not in "iu" or y.shape != (len(x),):
        message = gettext_noop("x must be N×H×W uint8 with bright ink, and y N integers.")
        raise ImageError("bad_arrays", message)
    if len(x) > MAX_PICTURES:
        raise _build_too_many_error()
    if not x.size:
        raise ImageError("empty", gettext_noop("The archive holds no pictures."))
    if not set(y.tolist()) <= set(range(len(KNOWN_LABELS))):
        raise ImageError(
            "bad_arrays", gettext_noop("y must hold 0 to 9, or 10 for what is not a digit.")
        )
    for index, (pixels, label) in enumerate(zip(x, y.tolist(), strict=True)):
        picture = pictures.render_pixels(pixels)
        is_exported = "ids.npy" in entries
        yield LabelledPicture(f"x[{index}]", picture, KNOWN_LABELS[label], is_exported)


@_reporting_damage()
def _parse_array(data: bytes) -> NDArray[Any]:
    """Return the array of an npy file.

    NumPy's own reader allocates as much memory as the file declares, however small it is.
    """
    file = BytesIO(data)
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, is_column_major, dtype = read_header(file)
    if dtype.hasobject:
        raise ImageError(
            "bad_arrays", gettext_noop("The arrays hold Python objects. Save plain numbers.")
        )
    array = np.frombuffer(data, dtype, offset=file.tell())
    return array.reshape(shape, order="F" if is_column_major else "C")
