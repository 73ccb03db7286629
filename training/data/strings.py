"""Compose photographed lines of handwritten digits on all kinds of paper."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, find_bounds
from classifier.recognition.imaging.components import Box
from classifier.recognition.lines.preparation import HEIGHT, prepare_line
from training.data import capture, glyphs
from training.data.backgrounds import SHAPE, make_backgrounds, make_noise
from training.data.images import Images
from training.data.pen import Stroke
from training.data.sheet import INKED, Sheet
from training.data.tiles import UNIT, Handwriting, Writer, choose_handwriting

MIDDLE = SHAPE[0] / 2
LENGTHS = (0.04, 0.08, 0.09, 0.15, 0.2, 0.21, 0.12, 0.06, 0.05)  # shares of 0…8 digits
MAX_DIGITS = len(LENGTHS) - 1
BACKGROUNDS = 400
# Ranges of the usual gap between digits and of the margin around them, in pixels, with shares.
GAPS = ((-2, 1), (0, 5), (3, 12), (10, 40))
GAP_SHARES = (0.16, 0.36, 0.36, 0.12)
MARGINS = ((-2, 4), (2, 14), (10, 40))
MARGIN_SHARES = (0.3, 0.5, 0.2)
JOINED_WITHIN = 12  # pixels; digits with wider usual gaps are not joined

DOT: list[Stroke] = [np.array([[5, 15], [5.5, 16]], float)]
COMMA: list[Stroke] = [np.array([[6, 12], [6, 14], [3, 20]], float)]
DASH: list[Stroke] = [np.array([[0, 8], [5, 8.3], [10, 8]], float)]
EQUALS: list[Stroke] = [np.array([[0, 6], [10, 5]], float), np.array([[0, 10], [10, 9]], float)]
ENDS = "#$*%<"


@dataclass(frozen=True)
class Line:
    """A line for training: `ink` (HEIGHT, w) from `prepare_line`, and its text.

    `boxes` (n, 4) are left, top, right and bottom of each digit, in pixels of the ink.
    """

    ink: Grey
    text: str
    boxes: NDArray[np.float32]


@dataclass(frozen=True)
class Photo:
    """A line from a camera or scanner: `grey` pixels (h, w), 0 to 255, and its text.

    `boxes` (n, 4) are those of the digits, in shares of the picture's width and height.
    """

    grey: Grey
    text: str
    boxes: NDArray[np.float64]


class Composer:
    """A composer of lines, which may copy the MNIST digits `images`.

    With `include_held_out`, the digits include forms that are not used in training.
    """

    def __init__(
        self,
        images: Images,
        rng: np.random.Generator,
        backgrounds: int = BACKGROUNDS,
        include_held_out: bool = False,
    ) -> None:
        self._writer = Writer(images, include_held_out)
        self._backgrounds = make_backgrounds(backgrounds, rng)

    def compose(self, rng: np.random.Generator) -> Line:
        """Compose a line of up to MAX_DIGITS digits, and prepare it for the line reader."""
        photo = self.photograph(rng)
        ink = prepare_line(photo.grey)
        boxes = photo.boxes * np.array([ink.shape[1], HEIGHT] * 2)
        return Line(ink, photo.text, boxes.astype(np.float32))

    def photograph(self, rng: np.random.Generator) -> Photo:
        """Compose and photograph a line of up to MAX_DIGITS digits."""
        sheet, text = self._write(choose_digits(rng), choose_handwriting(rng), rng)
        left, top, right, bottom = window = _choose_window(sheet.ink, rng)
        grey = self._capture(sheet.ink, window, rng)
        boxes = np.reshape(sheet.boxes, (-1, 4)) - np.array([left, top, left, top])
        return Photo(grey, text, boxes / np.array([right - left, bottom - top] * 2))

    def _write(
        self, digits: list[int], hand: Handwriting, rng: np.random.Generator
    ) -> tuple[Sheet, str]:
        """Write the digits; return the sheet, and the text that it has room for."""
        sheet = Sheet(np.zeros(SHAPE, np.float32), float(rng.uniform(12, 60)))
        layout = _LineLayout(rng)
        if rng.random() < 0.12:
            self._add_end(sheet, hand, rng)
        for index, digit in enumerate(digits):
            if not self._add_digit(sheet, digit, hand, layout, rng):
                break
            remaining = len(digits) - 1 - index
            ends_group = remaining and remaining % 3 == 0
            if layout.has_points and (ends_group or rng.random() < 0.06):
                self._add_point(sheet, hand, layout, rng)
        if rng.random() < 0.35:
            self._add_point(sheet, hand, layout, rng)
        if rng.random() < 0.25:
            self._add_end(sheet, hand, rng)
        return sheet, "".join(map(str, digits[: len(sheet.boxes)]))

    def _add_digit(
        self,
        sheet: Sheet,
        digit: int,
        hand: Handwriting,
        layout: "_LineLayout",
        rng: np.random.Generator,
    ) -> bool:
        tile = self._writer.draw_digit(digit, hand, rng)
        middle = layout.choose_middle(sheet, rng)
        gap = float(rng.normal(layout.gap, layout.spread))
        if layout.has_small_zeros and digit == 0 and sheet.boxes:
            tile = _shrink(tile, rng.uniform(0.4, 0.9), float(np.exp(rng.uniform(0, 0.6))))
            middle += rng.uniform(-0.2, 1) * (UNIT - len(tile)) / 2
            gap = min(gap, layout.zeros_gap)
        front = sheet.front.copy()
        box = sheet.place(tile, middle, gap)
        if box is None:
            return False
        if sheet.boxes and layout.gap < JOINED_WITHIN and rng.random() < layout.joins:
            sheet.join(front, box, hand.pen, rng)
        sheet.boxes.append(box)
        return True

    def _add_point(
        self, sheet: Sheet, hand: Handwriting, layout: "_LineLayout", rng: np.random.Generator
    ) -> None:
        """Add a point, comma or dash, which people write between and after digits."""
        base = MIDDLE + layout.slope * sheet.right + UNIT / 2
        signs = [
            (DOT, rng.uniform(0.02, 0.12), rng.uniform(-0.06, 0.12)),
            (COMMA, rng.uniform(0.2, 0.5), rng.uniform(-0.1, 0.15)),
            (DASH, rng.uniform(0.3, 0.7), -rng.uniform(0.1, 0.6)),
            (DOT, rng.uniform(0.02, 0.12), -rng.uniform(0.3, 0.6)),
        ]
        strokes, size, below = signs[int(rng.choice(4, p=[0.55, 0.3, 0.1, 0.05]))]
        tile = self._writer.draw_sign(strokes, UNIT * size, hand, rng)
        sheet.place(tile, base + UNIT * below, rng.uniform(-2, 10))

    def _add_end(self, sheet: Sheet, hand: Handwriting, rng: np.random.Generator) -> None:
        """Add a sign before or after the number."""
        sign = ENDS[int(rng.integers(len(ENDS)))]
        signs = [
            (EQUALS, rng.uniform(0.25, 0.6)),
            (DASH, rng.uniform(0.3, 1.3)),
            (glyphs.get_strokes("futural", sign), rng.uniform(0.7, 1.2)),
        ]
        strokes, size = signs[int(rng.choice(3, p=[0.45, 0.3, 0.25]))]
        tile = self._writer.draw_sign(strokes, UNIT * size, hand, rng)
        sheet.place(tile, MIDDLE + rng.normal(0, 3), rng.uniform(2, 20))

    def _capture(self, ink: Grey, window: Box, rng: np.random.Generator) -> Grey:
        left, top, right, bottom = window
        visible = np.s_[max(top, 0) : bottom, max(left, 0) : right]
        written = ink[visible]
        uneven = np.abs(make_noise(written.shape, rng.uniform(6, 40), rng))
        pressure = (1 - rng.uniform(0, 0.35) * uneven) * rng.uniform(0.3, 0.95)
        dark = np.maximum(written * pressure, capture.print_rules(SHAPE, UNIT, rng)[visible])
        grey = self._crop_background(written.shape, rng) * (1 - dark)
        edges = ((max(-top, 0), 0), (max(-left, 0), 0))
        return capture.photograph(np.pad(grey, edges, mode="edge"), rng)

    def _crop_background(self, shape: tuple[int, ...], rng: np.random.Generator) -> Grey:
        background = self._backgrounds[rng.integers(len(self._backgrounds))]
        top, left = (int(rng.integers(1 + SHAPE[axis] - shape[axis])) for axis in (0, 1))
        window = np.s_[top : top + shape[0], left : left + shape[1]]
        cut: Grey = (background[window] / 255).astype(np.float32)
        return cut[:: int(rng.choice([1, -1])), :: int(rng.choice([1, -1]))]


class _LineLayout:
    """The layout of one line: gaps and their spread in pixels, slope, points, small zeros."""

    def __init__(self, rng: np.random.Generator) -> None:
        low, high = GAPS[int(rng.choice(len(GAPS), p=GAP_SHARES))]
        self.gap, self.spread = float(rng.uniform(low, high)), float(rng.uniform(0.5, 4))
        self.slope, self.drift = float(rng.normal(0, 0.02)), float(rng.uniform(0, 5))
        self.has_points = bool(rng.random() < 0.6)
        self.joins = 0.5 if rng.random() < 0.12 else 0.05  # probability for each digit
        self.has_small_zeros = bool(rng.random() < 0.35)
        self.zeros_gap = float(rng.uniform(-4, 20))  # pixels, the largest before a small zero

    def choose_middle(self, sheet: Sheet, rng: np.random.Generator) -> float:
        """Return the row of the next digit's middle."""
        return MIDDLE + self.slope * sheet.right + float(rng.normal(0, self.drift))


def choose_digits(rng: np.random.Generator) -> list[int]:
    """Choose up to MAX_DIGITS digits, some of which repeat or end in zeros."""
    count = int(rng.choice(len(LENGTHS), p=LENGTHS))
    digits = [int(digit) for digit in rng.integers(0, 10, count)]
    for index in range(1, count):
        if rng.random() < 0.1:
            digits[index] = digits[index - 1]
    if count > 2 and rng.random() < 0.3:
        zeros = int(rng.integers(1, count))
        digits[-zeros:] = [0] * zeros
    return digits


def _shrink(tile: Grey, factor: float, wider: float) -> Grey:
    height, width = tile.shape
    height, width = max(3, round(height * factor)), max(3, round(width * factor * wider))
    return np.asarray(Image.fromarray(tile).resize((width, height), Image.Resampling.BILINEAR))


def _choose_window(ink: Grey, rng: np.random.Generator) -> Box:
    """Return a tight, usual or generous crop of the ink; without ink, a crop anywhere."""
    dark = ink > INKED
    if dark.any():
        rows, columns = find_bounds(dark)
    else:
        rows, columns = slice(40, 89), slice(10, 11 + int(rng.integers(30, 300)))
    low, high = MARGINS[int(rng.choice(len(MARGINS), p=MARGIN_SHARES))]
    above, below = rng.uniform(low, high, 2)
    before, after = rng.uniform(-1, 40, 2) * rng.random(2)
    top, bottom = round(rows.start - above), round(rows.stop + below)
    left, right = round(columns.start - before), round(columns.stop + after)
    return left, top, min(right, SHAPE[1]), min(bottom, SHAPE[0])
