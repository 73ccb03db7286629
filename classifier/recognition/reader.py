"""Read a picture: its digits, line by line, and the probability that all are right."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from classifier.recognition import imaging, second_look
from classifier.recognition.box_reader import read_boxes
from classifier.recognition.imaging import Box, Debug, Page, Picture
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.labels import Reason, Verdict
from classifier.recognition.lines.confidence import LineConfidence, measure_agreement, spell
from classifier.recognition.lines.reader import LineReading, combine_readings
from classifier.recognition.lines.second_opinion import cut_digits
from classifier.recognition.lines.strip import Strip
from classifier.recognition.reading import ReadDigit, Reading, ReadLine, mark_unsure
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.recognition.uncertainty import Floats

MAX_CONTACT = 1.0  # widths of a stroke, the longest contact of a whole digit with the border
THUMBNAIL = 40  # pixels of the shorter side; ink may fill smaller pictures
MIN_VISIBILITY = 1.3  # times the paper's grain, the least contrast of ink
MAX_UNEXPLAINED = 0.3  # of the ink, the most outside all digits
MIN_LINE_RATIO = 1.4  # width by height from which a picture can be one line
SEVERAL = 2  # digits from which a line is read as a whole
MIN_WHOLE_CERTAINTY = 0.5  # certainty of a digit that imaging has cut in two


@dataclass(frozen=True, eq=False)
class LineEvidence:
    """The best strip of a line, its reading by all strips, and its digits one by one.

    `cuts` are the digits in MNIST's format, and `opinions` their recognitions; both are None for a
    digit without ink.
    """

    strip: Strip
    reading: LineReading
    cuts: list[Pixels | None]
    opinions: list[Recognition | None]


def read_picture(picture: Picture, recognizer: Recognizer, debug: Debug | None = None) -> Reading:
    """Read a picture, by the ink that a network finds too if the first reading is in doubt."""
    page = imaging.find_page(picture, debug)
    reading = read_page(page, recognizer, debug)
    finder = recognizer.ink_finder
    # The line reader looks at the pixels of a single line, so that its ink matters little.
    is_read_as_line = len(reading.digits) >= SEVERAL and _is_one_line(page)
    if finder is None or is_read_as_line or not second_look.is_needed(page, reading):
        return reading
    other = imaging.find_page(picture, debug, finder.find)
    chosen = second_look.choose_reading(reading, read_page(other, recognizer, debug))
    # In even light, ink at the border is no shadow, and the network may miss what is left of it.
    is_evenly_lit = page.ink.evenness >= second_look.MIN_EVENNESS
    return mark_unsure(chosen, Reason.CUT_OFF) if is_evenly_lit and _is_cut_off(page) else chosen


def read_page(page: Page, recognizer: Recognizer, debug: Debug | None = None) -> Reading:
    """Read the writing of a picture.

    A single digit is recognised directly. A line of several digits is read as a whole, and each of
    its digits is recognised as a second opinion.
    """
    pieces = recognize_pieces(page, recognizer)
    if len(pieces) == 2 and not _is_one_line(page):
        pieces = _join_parts(page, pieces, recognizer)
    lines = _read_lines(page, pieces, recognizer, debug) if recognizer.line_reader else []
    if sum(len(line.digits) for line in lines) < SEVERAL:
        return _apply_quality(Reading(_join_pieces(pieces), page.left_out), page)
    reading = Reading(lines, page.left_out + _find_signs(pieces, lines))
    # The confidence of a single line already accounts for cut off and unexplained ink.
    return reading if _is_one_line(page) else _apply_quality(reading, page)


def read_image(picture: Picture, recognizer: Recognizer) -> Reading:
    """Read one digit from a picture of 28×28 pixels, dark on light, in MNIST's format."""
    pixels = 255 - picture.pixels
    [recognition] = recognizer.recognize([pixels])
    box = (0, 0, picture.width, picture.height)
    return Reading(_join_pieces([ReadDigit(pixels, box, recognition)]), [])


def _find_signs(pieces: list[ReadDigit], lines: list[ReadLine]) -> list[Box]:
    """Return the boxes of the pieces in which the lines have no digit, such as commas."""
    digits = [digit.box for line in lines for digit in line.digits]
    return [
        piece.box
        for piece in pieces
        if not any(imaging.measure_overlap(piece.box, box) for box in digits)
    ]


def _is_one_line(page: Page) -> bool:
    picture = page.picture
    return picture.width > MIN_LINE_RATIO * picture.height and len(page.lines) < 2


def recognize_pieces(page: Page, recognizer: Recognizer) -> list[ReadDigit]:
    """Recognise the digits that imaging separates."""
    recognitions = recognizer.recognize(digit.pixels for digit in page.digits)
    return [
        ReadDigit(digit.pixels, digit.box, recognition)
        for digit, recognition in zip(page.digits, recognitions, strict=True)
    ]


def _join_parts(page: Page, parts: list[ReadDigit], recognizer: Recognizer) -> list[ReadDigit]:
    """Return the parts as one digit if that is more likely than a digit in each of them."""
    if all(part.recognition.verdict == Verdict.DIGIT for part in parts):
        return parts
    box = imaging.join_boxes(part.box for part in parts)
    [whole] = read_boxes(page.picture, [box], recognizer, page.ink)
    separate = prod(part.recognition.certainty for part in parts)
    if whole and whole.recognition.certainty > max(separate, MIN_WHOLE_CERTAINTY):
        return [whole]
    return parts


def _join_pieces(pieces: list[ReadDigit]) -> list[ReadLine]:
    if not pieces:
        return []
    box = imaging.join_boxes(piece.box for piece in pieces)
    return [ReadLine(box, pieces, min(piece.recognition.confidence for piece in pieces))]


def _read_lines(
    page: Page,
    pieces: list[ReadDigit],
    recognizer: Recognizer,
    debug: Debug | None,
) -> list[ReadLine]:
    """Return the lines with digits, or none if the picture has at most one digit."""
    is_one_line = _is_one_line(page)
    if not is_one_line and len(pieces) < SEVERAL:
        return []
    read = []
    for strips in find_strips(page):
        own = [piece for piece in pieces if any(strip.contains(piece.box) for strip in strips)]
        if own or is_one_line:
            read.append(_read_line(strips, own, recognizer, debug, is_one_line))
    return [line for line in read if line.digits]


def find_strips(page: Page) -> list[list[Strip]]:
    """Return the lines of a page, each as one or more strips that show the same writing."""
    strips = [Strip.from_line(line) for line in page.lines]
    if _is_one_line(page):
        return [[*strips, Strip.from_picture(page.picture)]]
    return [[strip] for strip in strips]


def _read_line(
    strips: list[Strip],
    pieces: list[ReadDigit],
    recognizer: Recognizer,
    debug: Debug | None,
    is_one_line: bool,
) -> ReadLine:
    evidence = read_twice(strips, pieces, recognizer)
    strip, reading, opinions = evidence.strip, evidence.reading, evidence.opinions
    if debug:
        debug("line", strip.grey)
    if not reading.text or None in opinions:
        return ReadLine(strip.box, [], 0.0)
    separated = [piece.recognition for piece in pieces]
    features = measure_agreement(reading, opinions, separated)
    confidence = float(LineConfidence(**recognizer.manifest.line_confidence).estimate(features))
    is_certain = confidence >= recognizer.manifest.thresholds["line"]
    is_certain &= len(reading.text) >= SEVERAL or all(
        each and each.verdict == Verdict.DIGIT for each in opinions
    )
    # A page has space between its digits, so that imaging separates them.
    is_certain &= is_one_line or "".join(p.best_guess for p in separated) == reading.text
    if is_certain and spell(separated) == reading.text:
        return ReadLine(strip.box, pieces, confidence)
    recognitions = _combine_opinions(reading, [each for each in opinions if each], is_certain)
    digits = []
    for cut, box, recognition in zip(evidence.cuts, reading.boxes, recognitions, strict=True):
        if cut is None:
            continue
        digits.append(ReadDigit(cut, strip.convert_box(box), recognition))
        if debug:
            debug(f"line-digit-{recognition.best_guess}", cut)
    return ReadLine(strip.box, digits, confidence)


def read_twice(
    strips: list[Strip], pieces: list[ReadDigit], recognizer: Recognizer
) -> LineEvidence:
    """Read a line as a whole, and recognise each digit that was read.

    If imaging separates as many `pieces`, each digit is the one that is most likely by both.
    Raise ValueError if the model has no line reader.
    """
    if recognizer.line_reader is None:
        raise ValueError(f"Model {recognizer.name} has no line reader.")
    views = [(s, v) for s in strips for v in recognizer.line_reader.read_views(s.grey)]
    place, reading = combine_readings([view for _, view in views])
    if pieces and len(pieces) == len(reading.text):
        reading = reading.weigh(np.stack([piece.recognition.probabilities for piece in pieces]))
    strip = views[place][0]
    cuts = cut_digits(strip.grey, reading.boxes)
    recognitions = iter(recognizer.recognize(cut for cut in cuts if cut is not None))
    opinions = [None if cut is None else next(recognitions) for cut in cuts]
    return LineEvidence(strip, reading, cuts, opinions)


def _combine_opinions(
    reading: LineReading, opinions: list[Recognition], is_certain: bool
) -> list[Recognition]:
    """Return recognitions of the digits by both readers, which are all certain if the line is.

    Their best guesses are the digits of the line reader, whose text has the line's confidence.
    """
    both = [
        replace(opinion, probabilities=_average_probabilities(digit, own, opinion.probabilities))
        for digit, own, opinion in zip(
            map(int, reading.text), reading.probabilities, opinions, strict=True
        )
    ]
    if is_certain:
        return [replace(each, verdict=Verdict.DIGIT, reason=None) for each in both]
    if any(each.verdict != Verdict.DIGIT for each in both):
        return both
    weakest = min(range(len(both)), key=lambda place: both[place].confidence)
    both[weakest] = replace(both[weakest], verdict=Verdict.UNSURE, reason=Reason.LOW_CONFIDENCE)
    return both


def _average_probabilities(digit: int, first: Floats, second: Floats) -> Floats:
    """Return the normalised geometric mean of two readers' probabilities.

    If `digit` is not the most likely by that mean, return probabilities close to the first
    reader's by which it is.
    """
    mean = np.sqrt(np.maximum(first, 1e-6) * np.maximum(second, 1e-6))
    for each in (mean / mean.sum(), first):
        if each.argmax() == digit:
            return np.asarray(each)
    return np.asarray((first + np.eye(len(first))[digit]) / 2)


def _apply_quality(reading: Reading, page: Page) -> Reading:
    """Return the reading with all digits unsure if the page is faint, cut off or unexplained."""
    quality = page.quality
    if quality.visibility < MIN_VISIBILITY:
        return mark_unsure(reading, Reason.TOO_FAINT)
    if _is_cut_off(page):
        return mark_unsure(reading, Reason.CUT_OFF)
    if quality.unexplained > MAX_UNEXPLAINED:
        return mark_unsure(reading, Reason.MORE_WRITING)
    return reading


def _is_cut_off(page: Page) -> bool:
    return max(page.quality.cut_off, default=0.0) > MAX_CONTACT and min(page.size) > THUMBNAIL
