"""Labelled pictures, from a folder or an npz file, as the whole path from bytes on answers them."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier import answers, imaging
from classifier.recognizer import Recognizer
from classifier.vocabulary import DIGITS, Verdict
from training.evaluate import NON_DIGIT, Answers

NO_GUESS = [0.1] * 10


class Unreadable(Exception):
    """The folder or npz file is not of the form that the message describes."""


@dataclass(frozen=True)
class Labelled:
    """A picture (None where it can't be decoded) and its digits ("" where it shows none)."""

    picture: imaging.Picture | None
    digits: str


def in_folder(folder: Path) -> Iterator[Labelled]:
    """Pictures in the sub-folders 0…9 and none. Raises Unreadable where there are none."""
    paths = [path for name in (*DIGITS, "none") for path in sorted((folder / name).glob("[!.]*"))]
    if not paths:
        raise Unreadable(f"{folder} has no pictures in sub-folders named 0 to 9 or none.")
    for path in paths:
        yield Labelled(_decoded(path), "" if path.parent.name == "none" else path.parent.name)


def several_in_folder(folder: Path) -> Iterator[Labelled]:
    """Pictures of more than one digit, which index.csv (columns file, label) reads out."""
    index = folder / "index.csv"
    if not index.is_file():
        return
    with index.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["file"].startswith("several/"):
                yield Labelled(_decoded(folder / row["file"]), row["label"])


def in_npz(path: Path) -> Iterator[Labelled]:
    """`x` (N, H, W) uint8 with bright ink and, optionally, `y` (N,). Raises Unreadable."""
    try:
        with np.load(path) as file:
            x = file["x"]
            y = file.get("y")
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise Unreadable(f"{path} is not an npz file with an array x: {error}") from error
    if x.ndim != 3 or x.dtype != np.uint8 or (y is not None and y.shape != (len(x),)):
        raise Unreadable(f"{path}: x must be N×H×W uint8 and y, if there is one, N digits.")
    for place, pixels in enumerate(x):
        yield Labelled(imaging.from_array(pixels), "" if y is None else str(y[place]))


def _decoded(path: Path) -> imaging.Picture | None:
    try:
        return imaging.decode(path.read_bytes())
    except imaging.ImageError:
        return None


def judge(labelled: Iterable[Labelled], recognizer: Recognizer) -> Answers:
    given = [(one, _answer(one.picture, recognizer)) for one in labelled]
    probabilities = [_probabilities(answer) for _, answer in given]
    return Answers(
        probabilities=np.array(probabilities).reshape(-1, 10),
        certainty=np.array([answer.confidence or 0.0 for _, answer in given]),
        kept=np.array([answer.verdict == Verdict.DIGIT for _, answer in given], bool),
        right=np.array([answer.best_guess == one.digits for one, answer in given], bool),
        truth=np.array([_truth(one.digits) for one, _ in given], np.int64),
    )


def _answer(picture: imaging.Picture | None, recognizer: Recognizer) -> answers.Answer:
    found = imaging.find_digits(picture) if picture else []
    recognitions = recognizer.recognize(digit.pixels for digit in found)
    return answers.of_recognitions(found, recognitions, recognizer.name)


def _probabilities(answer: answers.Answer) -> list[float]:
    """Of the first digit, where imaging finds several."""
    return list(answer.digits[0].probabilities.values()) if answer.digits else NO_GUESS


def _truth(digits: str) -> int:
    return int(digits) if len(digits) == 1 else NON_DIGIT


def whole_strings_right(labelled: Iterable[Labelled], recognizer: Recognizer) -> dict[str, float]:
    """Of pictures with several digits: how many, and the share whose every digit is right."""
    answered = judge(labelled, recognizer)
    return {"pictures": len(answered.right), "whole_string_right": float(answered.right.mean())}
