"""Labelled pictures, from a folder or an npz file, as the whole path from bytes on answers them."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from classifier.recognition import imaging
from classifier.recognition.labels import DIGITS, Verdict, combine_verdicts
from classifier.recognition.reader import NOTHING, read_picture
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognition, Recognizer
from training.evaluation.evaluate import Answers
from training.evaluation.transcription import Transcriptions

SEVERAL = "several/"


class Unreadable(Exception):
    """The folder or npz file is not of the form that the message describes."""


@dataclass(frozen=True)
class Labelled:
    """A picture (None where it can't be decoded), its digits ("" where it shows none), and whose
    it is, if that is known."""

    picture: imaging.Picture | None
    digits: str
    source: str = ""


def in_folder(folder: Path) -> Iterator[Labelled]:
    """Pictures in the sub-folders 0…9 and none. Raises Unreadable where there are none, nor
    pictures of several digits."""
    paths = [path for name in (*DIGITS, "none") for path in sorted((folder / name).glob("[!.]*"))]
    rows = _index(folder)
    if not paths and not any(row["file"].startswith(SEVERAL) for row in rows):
        raise Unreadable(
            f"{folder} has no pictures in sub-folders named 0 to 9 or none, nor in several with "
            "their digits in index.csv."
        )
    index = {row["file"]: row for row in rows}
    for path in paths:
        row = index.get(path.relative_to(folder).as_posix(), {})
        digits = "" if path.parent.name == "none" else path.parent.name
        yield Labelled(_decoded(path), digits, row.get("source", ""))


def several_in_folder(folder: Path) -> Iterator[Labelled]:
    """Pictures of more than one digit, with these as index.csv has them."""
    for path, digits in several_files(folder):
        yield Labelled(_decoded(path), digits)


def several_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files of pictures of more than one digit, and these digits."""
    for row in _index(folder):
        if row["file"].startswith(SEVERAL):
            yield folder / row["file"], row["label"]


def _index(folder: Path) -> list[dict[str, str]]:
    """The rows of index.csv: columns file, label and, if it has one, source."""
    path = folder / "index.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def in_npz(path: Path) -> Iterator[Labelled]:
    """`x` (N, H, W) uint8 with bright ink and, optionally, `y` (N,). Raises Unreadable."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            x = stored["x"]
            y = stored.get("y")
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise Unreadable(f"{path} is not an npz file with an array x: {error}") from error
    if x.ndim != 3 or x.dtype != np.uint8 or (y is not None and y.shape != (len(x),)):
        raise Unreadable(f"{path}: x must be N×H×W uint8 and y, if there is one, N digits.")
    if not len(x):
        raise Unreadable(f"{path} holds no pictures.")
    for place, pixels in enumerate(x):
        yield Labelled(imaging.from_array(pixels), "" if y is None else str(y[place]))


def _decoded(path: Path) -> imaging.Picture | None:
    """None where it is no picture. Raises Unreadable where the file is missing."""
    try:
        return imaging.decode(path.read_bytes())
    except imaging.ImageError:
        return None
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror}.") from error


def judge(labelled: Iterable[Labelled], recognizer: Recognizer) -> Answers:
    columns = zip(*(_judged(one, recognizer) for one in labelled), strict=True)
    return Answers(*(np.array(column) for column in columns))


def _judged(one: Labelled, recognizer: Recognizer) -> tuple[Any, ...]:
    """The fields of Answers for one picture; where it holds several digits, the probabilities are
    the first one's and the certainty is the least."""
    read = _read(one.picture, recognizer)
    return (
        read.digits[0].probabilities if read.digits else np.full(10, 0.1),
        min((each.certainty for each in read.digits), default=-np.inf),
        read.verdict == Verdict.DIGIT,
        read.best_guess == one.digits if read.digits else False,
        _truth(one.digits),
        one.source,
    )


@dataclass(frozen=True)
class PictureReading:
    """The digits of a picture, their string and the verdict on all of it."""

    digits: list[Recognition]
    best_guess: str
    verdict: Verdict


def read_file(path: Path, recognizer: Recognizer) -> PictureReading:
    """Read a file's picture. Raise Unreadable where the file is missing."""
    return _read(_decoded(path), recognizer)


def _read(picture: imaging.Picture | None, recognizer: Recognizer) -> PictureReading:
    reading = read_picture(picture, recognizer) if picture else NOTHING
    digits = [digit.recognition for digit in reading.digits]
    text = "".join(digit.best_guess for digit in digits)
    return PictureReading(digits, text, combine_verdicts([digit.verdict for digit in digits]))


def _truth(digits: str) -> int:
    return int(digits) if len(digits) == 1 else NOT_A_DIGIT


def transcribe(labelled: Iterable[Labelled], recognizer: Recognizer) -> Transcriptions:
    """Return the best guess of each picture, "" where there is none."""
    labelled = [*labelled]
    read = [_read(one.picture, recognizer) for one in labelled]
    return Transcriptions(
        [each.best_guess for each in read],
        [one.digits for one in labelled],
        np.array([each.verdict == Verdict.DIGIT for each in read], bool),
    )
