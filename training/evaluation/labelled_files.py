"""Reads labelled pictures from a folder or an npz file, and evaluates a model on them."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from classifier.errors import RuleBroken
from classifier.recognition import imaging
from classifier.recognition.labels import DIGITS, Verdict
from classifier.recognition.reader import read_picture
from classifier.recognition.reading import NOTHING, Reading
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from training.evaluation.evaluate import EvaluatedPictures
from training.evaluation.transcription import Transcriptions

SEVERAL = "several/"


@dataclass(frozen=True)
class ReferencePicture:
    """A picture, its digits and its writer.

    `picture` is None if it can't be decoded, `digits` "" if it shows none, `source` "" if the
    writer is unknown.
    """

    picture: imaging.Picture | None
    digits: str
    source: str = ""


def read_folder(folder: Path) -> Iterator[ReferencePicture]:
    """Read the pictures of single digits and non-digits, in sub-folders 0 to 9 and none.

    Raise RuleBroken if the folder has neither these nor strings of digits.
    """
    paths = [path for name in (*DIGITS, "none") for path in sorted((folder / name).glob("[!.]*"))]
    rows = _read_index(folder)
    if not paths and not any(row["file"].startswith(SEVERAL) for row in rows):
        raise RuleBroken(
            f"{folder} has no pictures in sub-folders named 0 to 9 or none, nor in several with "
            "their digits in index.csv."
        )
    index = {row["file"]: row for row in rows}
    for path in paths:
        row = index.get(path.relative_to(folder).as_posix(), {})
        digits = "" if path.parent.name == "none" else path.parent.name
        yield ReferencePicture(_decode(path), digits, row.get("source", ""))


def read_strings(folder: Path) -> list[ReferencePicture]:
    """Read the pictures of more than one digit."""
    return [ReferencePicture(_decode(path), digits) for path, digits in list_strings(folder)]


def list_strings(folder: Path) -> list[tuple[Path, str]]:
    """Return the files of more than one digit, with the digits that index.csv names."""
    rows = [row for row in _read_index(folder) if row["file"].startswith(SEVERAL)]
    return [(folder / row["file"], row["label"]) for row in rows]


def _read_index(folder: Path) -> list[dict[str, str]]:
    """Return the rows of index.csv, with columns file, label and, optionally, source."""
    path = folder / "index.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def read_npz(path: Path) -> Iterator[ReferencePicture]:
    """Read `x`, (N, H, W) uint8 with bright ink, and, if it is there, `y`, (N,) digits.

    Raise RuleBroken for other content.
    """
    try:
        with path.open("rb") as file, np.load(file) as stored:
            x = stored["x"]
            y = stored.get("y")
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise RuleBroken(f"{path} is not an npz file with an array x: {error}") from error
    if x.ndim != 3 or x.dtype != np.uint8 or (y is not None and y.shape != (len(x),)):
        raise RuleBroken(f"{path}: x must be N×H×W uint8 and y, if there is one, N digits.")
    if not len(x):
        raise RuleBroken(f"{path} holds no pictures.")
    for index, pixels in enumerate(x):
        label = "" if y is None else str(y[index])
        yield ReferencePicture(imaging.Picture.from_array(pixels), label)


def _decode(path: Path) -> imaging.Picture | None:
    """Return None if the file is not a picture. Raise RuleBroken if it is missing."""
    try:
        return imaging.decode(path.read_bytes())
    except imaging.ImageError:
        return None
    except OSError as error:
        raise RuleBroken(f"{path} can't be read: {error.strerror}.") from error


def read_file(path: Path, recognizer: Recognizer) -> Reading:
    """Recognise the picture in a file. Raise RuleBroken if it is missing."""
    return _recognize(_decode(path), recognizer)


def _recognize(picture: imaging.Picture | None, recognizer: Recognizer) -> Reading:
    return read_picture(picture, recognizer) if picture else NOTHING


def evaluate_pictures(
    pictures: Iterable[ReferencePicture], recognizer: Recognizer
) -> EvaluatedPictures:
    columns = zip(*(_evaluate_picture(each, recognizer) for each in pictures), strict=True)
    return EvaluatedPictures(*(np.array(column) for column in columns))


def _evaluate_picture(labelled: ReferencePicture, recognizer: Recognizer) -> tuple[Any, ...]:
    """Return the fields of EvaluatedPictures for one picture.

    If several digits are read, the probabilities are the first one's, the certainty is the lowest.
    """
    reading = _recognize(labelled.picture, recognizer)
    digits = [digit.recognition for digit in reading.digits]
    return (
        digits[0].probabilities if digits else np.full(10, 0.1),
        min((each.certainty for each in digits), default=-np.inf),
        reading.verdict == Verdict.DIGIT,
        bool(digits) and reading.best_guess == labelled.digits,
        int(labelled.digits) if len(labelled.digits) == 1 else NOT_A_DIGIT,
        labelled.source,
    )


def transcribe(pictures: list[ReferencePicture], recognizer: Recognizer) -> Transcriptions:
    readings = [_recognize(each.picture, recognizer) for each in pictures]
    return Transcriptions(
        [reading.best_guess for reading in readings],
        [each.digits for each in pictures],
        np.array([reading.verdict == Verdict.DIGIT for reading in readings], bool),
        np.array([reading.confidence or 0.0 for reading in readings]),
    )
