"""Separates touching digits by a straight cut where the ink is thinnest."""

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Ints, Mask
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.normalize import stroke_width

STROKE = 0.5  # half the pen's full contrast is where a blurred stroke's true edge lies
# How much wider than tall may be one digit: of MNIST's, two in a hundred exceed the first and
# one in a thousand the second. Beside other digits a pair is likelier than alone.
WIDE_IN_COMPANY, WIDE_ALONE = 1.4, 1.8
# Each part must be about as tall as the whole, so that tails and bars stay with their digit.
TALL = 0.75
LEGIBLE = 8  # pixels of height; what is lower can be told neither apart nor from a line
NARROW = 0.3  # and a part of its height wide, or it is only a stroke's end
SLANTS = (-0.5, -0.25, 0.0, 0.25, 0.5)  # columns per row; writing leans up to a half
THIN = 1.5  # strokes' widths: a cut through more crosses a digit and not a joint


def split_touching(ink: Grey, widest: float) -> list[Grey]:
    """The digits of `ink` from left to right: itself if it is one, or cannot be cut plainly."""
    mask = ink > STROKE
    high, wide = (_extent(np.flatnonzero(mask.any(axis=axis))) for axis in (1, 0))
    if high < LEGIBLE or wide <= widest * high:
        return [ink]
    thin = THIN * stroke_width(ink)
    cuts = sorted((_thinnest(mask, slant, high) for slant in SLANTS), key=lambda cut: cut[0])
    for crossed, left in cuts:
        if crossed < thin and _is_digit(mask & left, high) and _is_digit(mask & ~left, high):
            sides = (split_touching(ink * side, WIDE_IN_COMPANY) for side in (left, ~left))
            return [part for parts in sides for part in parts]
    return [ink]


def _extent(places: Ints) -> int:
    return int(places[-1] - places[0]) + 1


def _thinnest(mask: Mask, slant: float, high: int) -> tuple[float, Mask]:
    """How much ink the best cut of this slant goes through, and what lies left of it."""
    height, width = mask.shape
    shift = slant * (np.arange(height) - height / 2)
    place = np.round(np.arange(width) + shift[:, None]).astype(np.intp)
    place -= place.min()
    upright = np.zeros((height, int(place.max()) + 1), np.bool_)
    np.put_along_axis(upright, place, mask, axis=1)
    crossed = _crossing(upright)
    inner, margin = np.flatnonzero(upright.any(axis=0)), int(NARROW * high)
    first, last = inner[0] + margin, inner[-1] - margin
    if first >= last:
        return np.inf, place < 0
    cut = first + int(crossed[first:last].argmin())
    return float(crossed[cut]), place < cut


def _crossing(upright: Mask) -> Grey:
    """The ink in each column; a column that crosses two strokes goes through a digit."""
    crossed: Grey = upright.sum(axis=0).astype(np.float32)
    runs = np.diff(upright.astype(np.int8), axis=0, prepend=0) > 0
    crossed[runs.sum(axis=0) > 1] = np.inf
    return crossed


def _is_digit(mask: Mask, high: int) -> bool:
    tall, wide = _main_extent(mask)
    return tall >= TALL * high and wide >= NARROW * high


def _main_extent(mask: Mask) -> tuple[int, int]:
    """The height and width of the greatest piece."""
    found = find_components(mask)
    if not len(found.areas):
        return 0, 0
    left, top, right, bottom = found.boxes[found.areas.argmax()]
    return int(bottom - top), int(right - left)
