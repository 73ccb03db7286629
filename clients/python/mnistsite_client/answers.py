"""Types of the API's answers, as its schema describes them."""

from __future__ import annotations

from typing import TypedDict

Probabilities = dict[str, float]
Box = list[int]  # x, y, width and height in pixels of the upright picture


class Verdict(TypedDict):
    verdict: str  # digit, unsure or not_a_digit
    reason: str | None
    sentence: str | None


class DigitReading(Verdict):
    label: str
    best_guess: str
    confidence: float
    probabilities: Probabilities
    box: Box


class Digit(DigitReading):
    id: str


class PreviewDigit(DigitReading):
    id: None
    pixels: str  # 784 bytes, 28×28 row-major, ink = 255, base64


class Line(TypedDict):
    text: str
    box: Box
    digits: list[int]  # positions in the answer's digits, from 0


class Reading(Verdict):
    label: str
    best_guess: str | None
    confidence: float | None
    probabilities: Probabilities | None
    lines: list[Line]
    left_out: list[Box]
    model: str | None


class Answer(Reading):
    id: str
    digits: list[Digit]


class StoredAnswer(Answer):
    delete_key: str


class Preview(Reading):
    id: None
    digits: list[PreviewDigit]


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    code: str


class PictureResult(TypedDict):
    name: str
    answer: StoredAnswer | None
    problem: Problem | None


class CorrectedDigit(TypedDict):
    image: str
    label: str
    box: Box


class Correction(TypedDict):
    text: str
    digits: list[CorrectedDigit]
