"""From an uploaded picture to its handwritten digits in MNIST's format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from classifier.imaging.appended import without_appended
from classifier.imaging.arrays import Pixels
from classifier.imaging.decode import Picture, decode
from classifier.imaging.errors import ImageError
from classifier.imaging.ink import find_ink
from classifier.imaging.normalize import to_mnist
from classifier.imaging.segment import Group, find_groups

__all__ = [
    "VERSION",
    "Debug",
    "Digit",
    "ImageError",
    "Picture",
    "decode",
    "find_digits",
    "from_array",
    "without_appended",
]

VERSION = 2  # to be raised with every change to what pixels a digit gets

Debug = Callable[[str, NDArray[Any]], None]


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit as MNIST would hold it, and its box (x, y, w, h) in the upright original."""

    pixels: Pixels
    box: tuple[int, int, int, int]


def from_array(pixels: Pixels) -> Picture:
    """Grey (h, w) or colour (h, w, 3) pixels, upright, as a picture."""
    height, width = pixels.shape[:2]
    return Picture(pixels, width, height, "image/png")


def find_digits(picture: Picture, debug: Debug | None = None) -> list[Digit]:
    """The digits in reading order; none for a blank picture."""
    ink, pieces = find_ink(picture.pixels)
    groups = find_groups(ink, pieces)
    digits = [Digit(to_mnist(group.ink), _full_box(group, picture)) for group in groups]
    if debug:
        debug("picture", picture.pixels)
        debug("ink", ink)
        for group, digit in zip(groups, digits, strict=True):
            debug("group", group.ink)
            debug("digit", digit.pixels)
    return digits


def _full_box(group: Group, picture: Picture) -> tuple[int, int, int, int]:
    height, width = picture.pixels.shape[:2]
    x, y = picture.width / width, picture.height / height
    left, top, right, bottom = group.box
    box = round(left * x), round(top * y), round(right * x), round(bottom * y)
    return box[0], box[1], box[2] - box[0], box[3] - box[1]
