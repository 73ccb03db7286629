"""Find the handwritten digits and lines of a picture."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Grey, Ints, Pixels
from classifier.recognition.imaging.components import Box as PixelBox
from classifier.recognition.imaging.decode import Picture, decode
from classifier.recognition.imaging.errors import ImageError
from classifier.recognition.imaging.ink import FindStrokes, Ink, find_ink, trace_ink
from classifier.recognition.imaging.normalize import convert_to_mnist
from classifier.recognition.imaging.quality import PageQuality, find_left_out, measure_quality
from classifier.recognition.imaging.segment import find_groups
from classifier.recognition.imaging.text_lines import TextLine, find_text_lines
from classifier.recognition.imaging.trailing_data import remove_trailing_data

__all__ = [
    "VERSION",
    "Box",
    "Debug",
    "Digit",
    "ImageError",
    "Line",
    "Page",
    "PageQuality",
    "Picture",
    "decode",
    "find_digits",
    "find_page",
    "join_boxes",
    "measure_overlap",
    "remove_trailing_data",
]

VERSION = 5  # raise it with every change to the pixels of a digit

Debug = Callable[[str, NDArray[Any]], None]
Box = tuple[int, int, int, int]  # x, y, width, height in the upright original


def join_boxes(boxes: Iterable[Sequence[int]]) -> Box:
    """Return the smallest box around at least one box."""
    x, y, width, height = np.array([*boxes]).T
    left, top = int(x.min()), int(y.min())
    return left, top, int((x + width).max()) - left, int((y + height).max()) - top


def measure_overlap(a: Box, b: Box) -> float:
    """Return the boxes' intersection over union."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit in MNIST's format, and its box in the upright original."""

    pixels: Pixels
    box: Box


@dataclass(frozen=True, eq=False)
class Line:
    """A line of text: its box in the upright original, and its levelled ink, (h, w) from 0 to 1.

    Column c of the ink starts at x = `start` + c * `scale` of the original.
    """

    box: Box
    ink: Grey
    start: float
    scale: float


@dataclass(frozen=True, eq=False)
class Page:
    """The writing of a picture, with its digits in reading order.

    `left_out` are the boxes of pieces outside all digits.
    """

    picture: Picture
    ink: Ink
    digits: list[Digit]
    left_out: list[Box]
    quality: PageQuality

    @property
    def size(self) -> tuple[int, int]:
        """The picture's width and height."""
        return self.picture.width, self.picture.height

    @cached_property
    def lines(self) -> list[Line]:
        """The lines from top to bottom."""
        lines = find_text_lines(self.ink.strokes, self.ink.pieces)
        return [_convert_line(line, self.picture, self.ink) for line in lines]


def find_digits(picture: Picture, debug: Debug | None = None) -> list[Digit]:
    """Return the digits in reading order; none for a blank picture."""
    return _cut_digits(picture, find_ink(picture.pixels), debug)[0]


def find_page(
    picture: Picture, debug: Debug | None = None, find_strokes: FindStrokes | None = None
) -> Page:
    """Find the writing of a picture, by its contrast or by another function."""
    ink = trace_ink(picture.pixels, find_strokes) if find_strokes else find_ink(picture.pixels)
    digits, boxes = _cut_digits(picture, ink, debug)
    left_out = find_left_out(ink.pieces, boxes)
    return Page(
        picture,
        ink,
        digits,
        [_scale_box(tuple(box), picture, ink) for box in ink.pieces.boxes[left_out].tolist()],
        measure_quality(ink, boxes, left_out),
    )


def _cut_digits(picture: Picture, ink: Ink, debug: Debug | None) -> tuple[list[Digit], Ints]:
    """Return the digits, and their boxes (n, 4) in the pixels of the ink."""
    groups = find_groups(ink.strokes, ink.pieces)
    digits = [
        Digit(convert_to_mnist(group.ink), _scale_box(group.box, picture, ink)) for group in groups
    ]
    if debug:
        debug("picture", picture.pixels)
        debug("ink", ink.strokes)
        for group, digit in zip(groups, digits, strict=True):
            debug("group", group.ink)
            debug("digit", digit.pixels)
    return digits, np.array([group.box for group in groups], np.intp).reshape(-1, 4)


def _convert_line(line: TextLine, picture: Picture, ink: Ink) -> Line:
    scale = picture.width / ink.strokes.shape[1]
    return Line(_scale_box(line.box, picture, ink), line.ink, line.start * scale, scale)


def _scale_box(box: PixelBox, picture: Picture, ink: Ink) -> Box:
    """Convert a box from the pixels of the ink to the upright original."""
    height, width = ink.strokes.shape
    x, y = picture.width / width, picture.height / height
    left, right = round(box[0] * x), round(box[2] * x)
    top, bottom = round(box[1] * y), round(box[3] * y)
    return left, top, right - left, bottom - top
