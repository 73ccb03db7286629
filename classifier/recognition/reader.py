"""A picture → its digits, line by line, and how likely all of them are right."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from classifier import imaging
from classifier.imaging import Debug, Page, Picture
from classifier.imaging.arrays import Grey, Pixels
from classifier.imaging.light import dark_on_light
from classifier.recognition import line_confidence, second_opinion
from classifier.recognition.line_confidence import Floats, LineConfidence
from classifier.recognition.line_reader import LineReader, LineReading
from classifier.recognizer import Recognition, Recognizer
from classifier.vocabulary import Reason, Verdict

CUT_OFF = 0.25  # of a side of a digit's box, along the picture's border
FAINT = 1.3  # times the paper's grain
UNEXPLAINED = 0.3  # of the ink
STRIP = 1.4  # times as wide as high, a picture may be one line
PRINT = 0.6  # how much darker than paper the ink is shown to the line reader

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """One digit as MNIST would hold it, its box (x, y, w, h) in the upright original, and its
    recognition."""

    pixels: Pixels
    box: Box
    recognition: Recognition


@dataclass(frozen=True)
class ReadLine:
    """One line of writing: its box in the upright original, its digits, and the probability that
    they are all right."""

    box: Box
    digits: list[ReadDigit]
    confidence: float


@dataclass(frozen=True)
class Reading:
    """A picture as read: lines from the top, and the boxes of writing that no digit explains."""

    lines: list[ReadLine]
    left_out: list[Box]

    @property
    def digits(self) -> list[ReadDigit]:
        return [digit for line in self.lines for digit in line.digits]

    @property
    def confidence(self) -> float | None:
        """The probability that all of it is right, 0 to 1; None where nothing is written."""
        return prod(line.confidence for line in self.lines) if self.lines else None


NOTHING = Reading([], [])


def read_picture(picture: Picture, recognizer: Recognizer, debug: Debug | None = None) -> Reading:
    """Return what is written in a picture.

    A digit alone is recognised as it is. Among others, the line that it stands in is read as a
    whole, and each of its digits recognised as a second opinion.
    """
    page = imaging.find_page(picture, debug)
    reader = recognizer.line_reader
    is_strip = picture.width > STRIP * picture.height and len(page.lines) < 2
    if reader is None or not (is_strip or len(page.digits) > 1):
        return _express_doubt(_read_pieces(page, recognizer), page)
    if is_strip:
        options = [whole_picture(picture), *map(line_of_ink, page.lines)]
        best = max((_read_strip(each, recognizer, reader) for each in options), key=confidence_of)
        found = [best]
    else:
        found = [_read_strip(line_of_ink(line), recognizer, reader) for line in page.lines]
    lines = [line for line in found if line.digits]
    left_out = page.left_out + [line.box for line in found if not line.digits]
    return _express_doubt(Reading(lines, left_out if page.digits else []), page)


@dataclass(frozen=True, eq=False)
class Strip:
    """A line of writing, dark on light: (h, w) `grey` from 0 to 1, whose pixels are `scale` of the
    upright original's, and its place there."""

    grey: Grey
    left: float
    top: float
    scale: float
    box: Box


def confidence_of(line: ReadLine) -> float:
    return line.confidence


def whole_picture(picture: Picture) -> Strip:
    grey = dark_on_light(picture.pixels) / np.float32(255)
    scale = picture.width / picture.pixels.shape[1]
    return Strip(grey, 0, 0, scale, (0, 0, picture.width, picture.height))


def line_of_ink(line: imaging.Line) -> Strip:
    margin = (line.ink.shape[0] * line.scale - line.box[3]) / 2
    return Strip(1 - PRINT * line.ink, line.start, line.box[1] - margin, line.scale, line.box)


def _read_pieces(page: Page, recognizer: Recognizer) -> Reading:
    """Return the digits as imaging separates them, as one line."""
    if not page.digits:
        return Reading([], page.left_out)
    recognitions = recognizer.recognize(digit.pixels for digit in page.digits)
    digits = [
        ReadDigit(digit.pixels, digit.box, recognition)
        for digit, recognition in zip(page.digits, recognitions, strict=True)
    ]
    box = surrounding_box([digit.box for digit in digits])
    confidence = min(recognition.confidence for recognition in recognitions)
    return Reading([ReadLine(box, digits, confidence)], page.left_out)


def surrounding_box(boxes: list[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def _read_strip(strip: Strip, recognizer: Recognizer, reader: LineReader) -> ReadLine:
    reading, cuts, opinions = read_twice(strip.grey, recognizer, reader)
    if not reading.text or None in opinions:
        return ReadLine(strip.box, [], 0.0)
    features = line_confidence.measure_agreement(reading, opinions)
    confidence = float(LineConfidence(**recognizer.manifest.line_confidence).estimate(features))
    recognitions = _combine(reading, [each for each in opinions if each], confidence, recognizer)
    digits = [
        ReadDigit(cut, _box_in_picture(box, strip), recognition)
        for cut, box, recognition in zip(cuts, reading.boxes, recognitions, strict=True)
        if cut is not None
    ]
    return ReadLine(strip.box, digits, confidence)


def read_twice(
    grey: Grey, recognizer: Recognizer, reader: LineReader
) -> tuple[LineReading, list[Pixels | None], list[Recognition | None]]:
    """Return the reading of a line, its digits one by one, and their recognitions.

    None is a digit without ink.
    """
    reading = reader.read_line(grey)
    cuts = second_opinion.cut_digits(grey, reading.boxes)
    known = iter(recognizer.recognize(cut for cut in cuts if cut is not None))
    return reading, cuts, [None if cut is None else next(known) for cut in cuts]


def _box_in_picture(box: NDArray[np.float32], strip: Strip) -> Box:
    left, top, right, bottom = (strip.scale * float(side) for side in box)
    left, top = max(strip.left + left, 0), max(strip.top + top, 0)
    right, bottom = strip.left + right, strip.top + bottom
    return round(left), round(top), max(round(right - left), 1), max(round(bottom - top), 1)


def _combine(
    reading: LineReading, opinions: list[Recognition], confidence: float, recognizer: Recognizer
) -> list[Recognition]:
    """Return recognitions of the line's digits by both readers, certain where the line is."""
    both = [
        replace(opinion, probabilities=_weigh(digit, opinion.probabilities))
        for digit, opinion in zip(reading.probabilities, opinions, strict=True)
    ]
    if confidence >= recognizer.manifest.thresholds["line"]:
        return [replace(each, verdict=Verdict.DIGIT, reason=None) for each in both]
    return both if any(each.verdict != Verdict.DIGIT for each in both) else _doubt_weakest(both)


def _weigh(first: Floats, second: Floats) -> Floats:
    """Return the normalised geometric mean of two readers' probabilities."""
    mean = np.sqrt(np.maximum(first, 1e-6) * np.maximum(second, 1e-6))
    return np.asarray(mean / mean.sum())


def _doubt_weakest(recognitions: list[Recognition]) -> list[Recognition]:
    weakest = min(range(len(recognitions)), key=lambda place: recognitions[place].confidence)
    doubted = replace(recognitions[weakest], verdict=Verdict.UNSURE, reason=Reason.LOW_CONFIDENCE)
    return [*recognitions[:weakest], doubted, *recognitions[weakest + 1 :]]


def _express_doubt(reading: Reading, page: Page) -> Reading:
    """Return the reading with every digit unsure that the page speaks against."""
    facts = page.facts
    if facts.contrast < FAINT:
        return _doubt(reading, Reason.TOO_FAINT)
    if max(facts.cut_off, default=0.0) > CUT_OFF:
        return _doubt(reading, Reason.CUT_OFF)
    if facts.unexplained > UNEXPLAINED:
        return _doubt(reading, Reason.MORE_WRITING)
    return reading


def _doubt(reading: Reading, reason: Reason) -> Reading:
    def unsure(digit: ReadDigit) -> ReadDigit:
        if digit.recognition.verdict != Verdict.DIGIT:
            return digit
        recognition = replace(digit.recognition, verdict=Verdict.UNSURE, reason=reason)
        return replace(digit, recognition=recognition)

    lines = [
        replace(line, digits=[unsure(digit) for digit in line.digits]) for line in reading.lines
    ]
    return replace(reading, lines=lines)
