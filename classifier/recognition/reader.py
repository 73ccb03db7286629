"""A picture → its digits, line by line, and how likely all of them are right."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from classifier.recognition import imaging, line_confidence, second_opinion
from classifier.recognition.imaging import Box, Debug, Page, Picture
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.labels import Reason, Verdict
from classifier.recognition.line_confidence import Floats, LineConfidence
from classifier.recognition.line_reader import LineReading, combine
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.recognition.strip import Strip

CUT_OFF = 0.19  # of a side of a digit's box, along the picture's border
THUMBNAIL = 40  # pixels of the shorter side; the ink of smaller pictures may fill them
FAINT = 1.3  # times the paper's grain
UNEXPLAINED = 0.3  # of the ink
ONE_LINE = 1.4  # times as wide as high, a picture may be one line
SEVERAL = 2  # digits; fewer are recognised each by itself


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
    pieces = recognize_pieces(page, recognizer)
    lines = _read_lines(picture, page, pieces, recognizer, debug) if recognizer.line_reader else []
    if sum(len(line.digits) for line in lines) < SEVERAL:
        lines = _as_one_line(pieces)
    elif _is_one_line(picture, page):
        # Its confidence covers what the margins cut off and what is printed behind it.
        return Reading(lines, page.left_out)
    return _express_doubt(Reading(lines, page.left_out), page)


def _is_one_line(picture: Picture, page: Page) -> bool:
    return picture.width > ONE_LINE * picture.height and len(page.lines) < 2


def recognize_pieces(page: Page, recognizer: Recognizer) -> list[ReadDigit]:
    """Return the digits as imaging separates them."""
    recognitions = recognizer.recognize(digit.pixels for digit in page.digits)
    return [
        ReadDigit(digit.pixels, digit.box, recognition)
        for digit, recognition in zip(page.digits, recognitions, strict=True)
    ]


def _as_one_line(pieces: list[ReadDigit]) -> list[ReadLine]:
    if not pieces:
        return []
    box = surrounding_box([piece.box for piece in pieces])
    return [ReadLine(box, pieces, min(piece.recognition.confidence for piece in pieces))]


def _read_lines(
    picture: Picture,
    page: Page,
    pieces: list[ReadDigit],
    recognizer: Recognizer,
    debug: Debug | None,
) -> list[ReadLine]:
    """Return the lines that hold digits, or none where the picture shows one digit at most."""
    is_one_line = _is_one_line(picture, page)
    if not is_one_line and len(pieces) < SEVERAL:
        return []
    read = []
    for strips in find_strips(picture, page):
        own = [piece for piece in pieces if any(strip.holds(piece.box) for strip in strips)]
        if own or is_one_line:
            read.append(_read_line(strips, own, recognizer, debug))
    return [line for line in read if line.digits]


def find_strips(picture: Picture, page: Page) -> list[list[Strip]]:
    """Return the lines of a page, each as one strip or more that show the same writing."""
    strips = [Strip.from_line(line) for line in page.lines]
    if _is_one_line(picture, page):
        return [[*strips, Strip.from_picture(picture)]]
    return [[strip] for strip in strips]


def surrounding_box(boxes: list[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def _read_line(
    strips: list[Strip], pieces: list[ReadDigit], recognizer: Recognizer, debug: Debug | None
) -> ReadLine:
    strip, reading, cuts, opinions = read_twice(strips, recognizer)
    if debug:
        debug("line", strip.grey)
    if not reading.text or None in opinions:
        return ReadLine(strip.box, [], 0.0)
    separated = [piece.recognition for piece in pieces]
    features = line_confidence.measure_agreement(reading, opinions, separated)
    confidence = float(LineConfidence(**recognizer.manifest.line_confidence).estimate(features))
    is_certain = confidence >= recognizer.manifest.thresholds["line"]
    is_certain &= len(reading.text) >= SEVERAL or _are_digits(opinions)
    if is_certain and line_confidence.spell(separated) == reading.text:
        return ReadLine(strip.box, pieces, confidence)
    recognitions = _combine(reading, [each for each in opinions if each], is_certain)
    digits = []
    for cut, box, recognition in zip(cuts, reading.boxes, recognitions, strict=True):
        if cut is None:
            continue
        digits.append(ReadDigit(cut, strip.box_in_picture(box), recognition))
        if debug:
            debug(f"line-digit-{recognition.best_guess}", cut)
    return ReadLine(strip.box, digits, confidence)


def read_twice(
    strips: list[Strip], recognizer: Recognizer
) -> tuple[Strip, LineReading, list[Pixels | None], list[Recognition | None]]:
    """Return the strip of a line on which its reading is best, that reading by all of them, its
    digits one by one, and their recognitions.

    None is a digit without ink. Raises ValueError where the model reads no lines.
    """
    if recognizer.line_reader is None:
        raise ValueError(f"Model {recognizer.name} has no line reader.")
    views = [(s, v) for s in strips for v in recognizer.line_reader.read_views(s.grey)]
    place, reading = combine([view for _, view in views])
    strip = views[place][0]
    cuts = second_opinion.cut_digits(strip.grey, reading.boxes)
    known = iter(recognizer.recognize(cut for cut in cuts if cut is not None))
    return strip, reading, cuts, [None if cut is None else next(known) for cut in cuts]


def _are_digits(opinions: list[Recognition | None]) -> bool:
    return all(opinion and opinion.verdict == Verdict.DIGIT for opinion in opinions)


def _combine(
    reading: LineReading, opinions: list[Recognition], is_certain: bool
) -> list[Recognition]:
    """Return recognitions of the line's digits by both readers, certain where the line is.

    Their best guesses are the digits that the line reader read, which the line's confidence is of.
    """
    both = [
        replace(opinion, probabilities=_weigh(int(digit), own, opinion.probabilities))
        for digit, own, opinion in zip(reading.text, reading.probabilities, opinions, strict=True)
    ]
    if is_certain:
        return [replace(each, verdict=Verdict.DIGIT, reason=None) for each in both]
    return both if any(each.verdict != Verdict.DIGIT for each in both) else _doubt_weakest(both)


def _weigh(digit: int, first: Floats, second: Floats) -> Floats:
    """Return the normalised geometric mean of two readers' probabilities if `digit` is its
    likeliest, else probabilities near to the first reader's of which it is."""
    mean = np.sqrt(np.maximum(first, 1e-6) * np.maximum(second, 1e-6))
    for each in (mean / mean.sum(), first):
        if each.argmax() == digit:
            return np.asarray(each)
    return np.asarray((first + np.eye(len(first))[digit]) / 2)


def _doubt_weakest(recognitions: list[Recognition]) -> list[Recognition]:
    weakest = min(range(len(recognitions)), key=lambda place: recognitions[place].confidence)
    doubted = replace(recognitions[weakest], verdict=Verdict.UNSURE, reason=Reason.LOW_CONFIDENCE)
    return [*recognitions[:weakest], doubted, *recognitions[weakest + 1 :]]


def _express_doubt(reading: Reading, page: Page) -> Reading:
    """Return the reading with every digit unsure that the page speaks against."""
    facts = page.facts
    if facts.visibility < FAINT:
        return _doubt(reading, Reason.TOO_FAINT)
    if max(facts.cut_off, default=0.0) > CUT_OFF and min(page.size) > THUMBNAIL:
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
