"""Labelled pictures out of a zip file or NumPy's npz, of which nothing is believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from django.conf import settings
from numpy.lib import format as npy
from numpy.typing import NDArray

from classifier.recognition.imaging import ImageError, without_appended
from classifier.recognition.labels import DIGITS, KNOWN_LABELS, Label
from classifier.recognition.recognizer import NOT_A_DIGIT
from classifier.uploads import pictures

MAX_PICTURES = 500
# With folders, and the hidden file that a Mac adds to each.
MAX_ENTRIES = 2 * MAX_PICTURES + 100
ENTRY = b"PK\x01\x02"
EXPANDED = 4  # times as large as a body may be, all of it together
INDEX = "index.csv"
ENCRYPTED = 1


@dataclass(frozen=True)
class LabelledPicture:
    """A picture as a file, what it is said to be, and what it is called in the archive."""

    name: str
    data: bytes
    label: str


def read_pictures(archive: bytes) -> list[LabelledPicture]:
    """Raises ImageError for an archive that is damaged, dangerous or of another form."""
    with _opened(archive) as opened:
        entries = {entry.filename: entry for entry in _checked(opened)}
        if "x.npy" in entries:
            return list(_in_arrays(opened, entries))
        return list(_in_folders(opened, entries))


@contextmanager
def _damage_reported() -> Iterator[None]:
    """Raise ImageError for any exception that a reader of zip or npy files raises.

    They document few of them: NumPy parses a header as Python source, which raises MemoryError,
    RecursionError, SyntaxError and TokenError, among others.
    """
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        raise ImageError("damaged", "The archive is damaged. Make it anew.") from error


@contextmanager
def _opened(archive: bytes) -> Iterator[ZipFile]:
    # Each entry costs memory as soon as the archive is opened, whatever it says of their number.
    if archive.count(ENTRY) > MAX_ENTRIES:
        raise _too_many()
    with _damage_reported():
        try:
            opened = ZipFile(BytesIO(archive))
        except BadZipFile as error:
            message = (
                "This is no archive. Send a zip file of pictures, or an npz file with x and y."
            )
            raise ImageError("not_an_archive", message) from error
    with opened:
        yield opened


def _too_many() -> ImageError:
    message = "At most %(n)s pictures are taken at once. Send them in several archives."
    return ImageError("too_many_files", message, n=MAX_PICTURES)


def _checked(archive: ZipFile) -> list[ZipInfo]:
    """All by what the archive says of itself: a reader stops where that is used up."""
    entries = [entry for entry in archive.infolist() if not _is_beside(entry)]
    for entry in entries:
        _check(entry)
    if sum(entry.file_size for entry in entries) > EXPANDED * settings.MAX_UPLOAD_BYTES:
        message = "The archive unpacks to more than %(n)s MB. Divide it."
        raise ImageError("too_large", message, n=EXPANDED * settings.MAX_UPLOAD_MB)
    return entries


def _is_beside(entry: ZipInfo) -> bool:
    """Folders themselves, and what a Mac hides in archives."""
    parts = entry.filename.split("/")
    return entry.is_dir() or parts[0] == "__MACOSX" or parts[-1].startswith("._")


def _check(entry: ZipInfo) -> None:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        raise ImageError("bad_path", "%(name)r leads out of the archive. Leave it out.", name=name)
    if entry.flag_bits & ENCRYPTED:
        raise ImageError("encrypted", "The archive is encrypted. Make it anew without a password.")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        message = "%(name)r is packed in an unusual way. Make the archive with deflate."
        raise ImageError("unusual_packing", message, name=name)


def _in_folders(archive: ZipFile, entries: dict[str, ZipInfo]) -> Iterator[LabelledPicture]:
    found = [name for name in entries if name != INDEX]
    if len(found) > MAX_PICTURES:
        raise _too_many()
    if not found:
        raise ImageError("empty", "The archive holds no pictures.")
    labels = {name: _folder(name) for name in found}
    for name, label in labels.items():
        yield LabelledPicture(name, without_appended(_read(archive, entries[name])), label)


def _read(archive: ZipFile, entry: ZipInfo) -> bytes:
    with _damage_reported():
        return archive.read(entry)


def _folder(name: str) -> str:
    folder = name.rpartition("/")[0]
    if folder not in KNOWN_LABELS:
        message = (
            "%(name)r is in none of the folders that say what is in them: 0 to 9, not_a_digit."
        )
        raise ImageError("bad_folder", message, name=name)
    return folder


def _in_arrays(archive: ZipFile, entries: dict[str, ZipInfo]) -> Iterator[LabelledPicture]:
    if "y.npy" not in entries:
        raise ImageError("bad_arrays", "The npz file has no array y with the labels.")
    x, y = (_array(_read(archive, entries[name])) for name in ("x.npy", "y.npy"))
    if x.ndim != 3 or x.dtype != np.uint8 or y.dtype.kind not in "iu" or y.shape != (len(x),):
        message = "x must be N×H×W uint8 with bright ink, and y N integers."
        raise ImageError("bad_arrays", message)
    if len(x) > MAX_PICTURES:
        raise _too_many()
    if not x.size:
        raise ImageError("empty", "The archive holds no pictures.")
    if not set(y.tolist()) <= set(range(NOT_A_DIGIT + 1)):
        raise ImageError("bad_arrays", "y must hold 0 to 9, or 10 for what is not a digit.")
    for place, (pixels, label) in enumerate(zip(x, y.tolist(), strict=True)):
        name = Label.NOT_A_DIGIT.value if label == NOT_A_DIGIT else DIGITS[label]
        yield LabelledPicture(f"x[{place}]", pictures.render_pixels(pixels), name)


@_damage_reported()
def _array(data: bytes) -> NDArray[Any]:
    """Without NumPy's own reader, which makes room for as much as a file says that it holds."""
    file = BytesIO(data)
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_column, kind = read(file)
    if kind.hasobject:
        raise ImageError("bad_arrays", "The arrays hold Python objects. Save plain numbers.")
    array = np.frombuffer(data, kind, offset=file.tell())
    return array.reshape(shape, order="F" if by_column else "C")
