"""From an uploaded picture to its handwritten digits in MNIST's format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging import segment
from classifier.recognition.imaging.appended import without_appended
from classifier.recognition.imaging.arrays import Grey, Ints, Pixels
from classifier.recognition.imaging.decode import Picture, decode
from classifier.recognition.imaging.doubt import Facts, facts_of, is_left_out
from classifier.recognition.imaging.errors import ImageError
from classifier.recognition.imaging.ink import Ink, find_ink
from classifier.recognition.imaging.lines import TextLine, find_text_lines
from classifier.recognition.imaging.normalize import to_mnist
from classifier.recognition.imaging.segment import find_groups

__all__ = [
    "VERSION",
    "Box",
    "Debug",
    "Digit",
    "Facts",
    "ImageError",
    "Line",
    "Page",
    "Picture",
    "decode",
    "find_digits",
    "find_page",
    "from_array",
    "without_appended",
]

VERSION = 3  # to be raised with every change to what pixels a digit gets

Debug = Callable[[str, NDArray[Any]], None]
Box = tuple[int, int, int, int]  # x, y, width, height in the upright original


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit as MNIST would hold it, and its box (x, y, w, h) in the upright original."""

    pixels: Pixels
    box: Box


@dataclass(frozen=True, eq=False)
class Line:
    """A line of text: its box in the upright original, and its ink, (h, w) from 0 to 1, levelled.

    Column c of the ink shows the original from x = `start` + c * `scale` on.
    """

    box: Box
    ink: Grey
    start: float
    scale: float


@dataclass(frozen=True, eq=False)
class Page:
    """The writing of a picture: digits in reading order, lines from top to bottom, the boxes of
    the pieces that no digit holds, and measures of doubt; `size` is the picture's width and height.
    """

    size: tuple[int, int]
    digits: list[Digit]
    lines: list[Line]
    left_out: list[Box]
    facts: Facts


def from_array(pixels: Pixels) -> Picture:
    """Grey (h, w) or colour (h, w, 3) pixels, upright, as a picture."""
    height, width = pixels.shape[:2]
    return Picture(pixels, width, height, "image/png")


def find_digits(picture: Picture, debug: Debug | None = None) -> list[Digit]:
    """The digits in reading order; none for a blank picture."""
    return _digits(picture, find_ink(picture.pixels), debug)[0]


def find_page(picture: Picture, debug: Debug | None = None) -> Page:
    """Return the digits, the lines, what is left out, and what speaks against an answer."""
    found = find_ink(picture.pixels)
    digits, boxes = _digits(picture, found, debug)
    lines = find_text_lines(found.strokes, found.pieces)
    left_out = is_left_out(found.pieces, boxes)
    return Page(
        (picture.width, picture.height),
        digits,
        [_line(line, picture) for line in lines],
        [_full_box(tuple(box), picture) for box in found.pieces.boxes[left_out].tolist()],
        facts_of(found.strokes, found.pieces, boxes, left_out, found.visibility),
    )


def _digits(picture: Picture, found: Ink, debug: Debug | None) -> tuple[list[Digit], Ints]:
    """The digits, and their boxes (n, 4) in the pixels of the ink."""
    groups = find_groups(found.strokes, found.pieces)
    digits = [Digit(to_mnist(group.ink), _full_box(group.box, picture)) for group in groups]
    if debug:
        debug("picture", picture.pixels)
        debug("ink", found.strokes)
        for group, digit in zip(groups, digits, strict=True):
            debug("group", group.ink)
            debug("digit", digit.pixels)
    return digits, np.array([group.box for group in groups], np.intp).reshape(-1, 4)


def _line(line: TextLine, picture: Picture) -> Line:
    scale = picture.width / picture.pixels.shape[1]
    return Line(_full_box(line.box, picture), line.ink, line.start * scale, scale)


def _full_box(found: segment.Box, picture: Picture) -> Box:
    height, width = picture.pixels.shape[:2]
    x, y = picture.width / width, picture.height / height
    left, top, right, bottom = found
    box = round(left * x), round(top * y), round(right * x), round(bottom * y)
    return box[0], box[1], box[2] - box[0], box[3] - box[1]
