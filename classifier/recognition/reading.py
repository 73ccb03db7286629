"""The reading of a picture: its lines, their digits, and what it left out."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from classifier.recognition.imaging import Box
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.labels import Reason, Verdict, combine_verdicts
from classifier.recognition.recognizer import Recognition


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """One digit in MNIST's format, its box in the upright original, and its recognition."""

    pixels: Pixels
    box: Box
    recognition: Recognition


@dataclass(frozen=True)
class ReadLine:
    """One line of writing.

    `box` is in the upright original. `confidence` is the probability that all digits are right.
    """

    box: Box
    digits: list[ReadDigit]
    confidence: float


@dataclass(frozen=True)
class Layout:
    """The part of a reading that is stored as JSON with its picture.

    `lines` are boxes with their number of digits, and `left_out` the boxes of unexplained ink.
    `confidence` is None for a blank picture, and for one that an old version read without it.
    """

    lines: list[tuple[list[int], int]]
    left_out: list[list[int]]
    confidence: float | None


@dataclass(frozen=True)
class Reading:
    """The reading of a picture: its lines from the top, and the boxes of unexplained ink."""

    lines: list[ReadLine]
    left_out: list[Box]

    @property
    def digits(self) -> list[ReadDigit]:
        return [digit for line in self.lines for digit in line.digits]

    @property
    def best_guess(self) -> str:
        return "".join(digit.recognition.best_guess for digit in self.digits)

    @property
    def verdict(self) -> Verdict:
        return combine_verdicts([digit.recognition.verdict for digit in self.digits])

    @property
    def confidence(self) -> float | None:
        """The probability that all digits are right; None for a blank picture."""
        return prod(line.confidence for line in self.lines) if self.lines else None

    @cached_property
    def layout(self) -> Layout:
        return Layout(
            [(list(line.box), len(line.digits)) for line in self.lines],
            [list(box) for box in self.left_out],
            self.confidence,
        )


NOTHING = Reading([], [])


def mark_unsure(reading: Reading, reason: Reason) -> Reading:
    """Return the reading with all certain digits unsure."""

    def mark(digit: ReadDigit) -> ReadDigit:
        if digit.recognition.verdict != Verdict.DIGIT:
            return digit
        recognition = replace(digit.recognition, verdict=Verdict.UNSURE, reason=reason)
        return replace(digit, recognition=recognition)

    lines = [replace(line, digits=[mark(digit) for digit in line.digits]) for line in reading.lines]
    return replace(reading, lines=lines)
