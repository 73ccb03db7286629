"""A picture → its digits, line by line, and how likely all of them are right."""

from dataclasses import dataclass

from classifier import imaging
from classifier.imaging import Debug, Picture
from classifier.imaging.arrays import Pixels
from classifier.recognizer import Recognition, Recognizer

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """One digit as MNIST would hold it, its box (x, y, w, h) in the upright original, and what
    the model makes of it."""

    pixels: Pixels
    box: Box
    recognition: Recognition


@dataclass(frozen=True)
class ReadLine:
    """One line of writing: its box in the upright original, and the places of its digits."""

    box: Box
    digits: range


@dataclass(frozen=True)
class Reading:
    """A picture as read: digits in reading order, their lines, and writing that no digit explains.

    `confidence` is the probability that all of it is right, 0 to 1; None where nothing is written.
    """

    digits: list[ReadDigit]
    lines: list[ReadLine]
    left_out: list[Box]
    confidence: float | None


NOTHING = Reading([], [], [], None)


def read_picture(picture: Picture, recognizer: Recognizer, debug: Debug | None = None) -> Reading:
    """Return the digits of a picture."""
    found = imaging.find_digits(picture, debug)
    recognitions = recognizer.recognize(digit.pixels for digit in found)
    digits = [
        ReadDigit(digit.pixels, digit.box, recognition)
        for digit, recognition in zip(found, recognitions, strict=True)
    ]
    if not digits:
        return NOTHING
    line = ReadLine(surrounding_box([digit.box for digit in digits]), range(len(digits)))
    return Reading(digits, [line], [], min(each.recognition.confidence for each in digits))


def surrounding_box(boxes: list[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top
