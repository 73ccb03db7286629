"""Separates touching digits by a straight cut where the ink is thinnest."""

import numpy as np

from classifier.imaging.arrays import Grey, Mask
from classifier.imaging.components import find_components
from classifier.imaging.normalize import stroke_width

WIDE = 1.25  # hardly a digit is wider than tall by more than this; two together are
# Each part must be about as tall as the whole, so that tails and bars stay with their digit.
TALL = 0.75
NARROW = 0.3  # and a part of its height wide, or it is only a stroke's end
SLANTS = (-0.5, -0.25, 0.0, 0.25, 0.5)  # columns per row; writing leans up to a half
THIN = 1.5  # strokes' widths: a cut through more crosses a digit and not a joint


def split_touching(ink: Grey) -> list[Grey]:
    """The digits of `ink` from left to right: itself if it is one, or cannot be cut plainly."""
    high, wide = _extent(ink)
    if wide <= WIDE * high:
        return [ink]
    thin = THIN * stroke_width(ink)
    cuts = sorted((_thinnest(ink, slant, high) for slant in SLANTS), key=lambda cut: cut[0])
    for crossed, left in cuts:
        if crossed < thin and _is_digit(ink * left, high) and _is_digit(ink * ~left, high):
            return [part for side in (left, ~left) for part in split_touching(ink * side)]
    return [ink]


def _thinnest(ink: Grey, slant: float, high: int) -> tuple[float, Mask]:
    """How much ink the best cut of this slant goes through, and what lies left of it."""
    height, width = ink.shape
    shift = slant * (np.arange(height) - height / 2)
    place = np.round(np.arange(width) + shift[:, None]).astype(np.intp)
    place -= place.min()
    crossed = np.bincount(place.ravel(), ink.ravel())
    margin = int(NARROW * high)
    inner = np.flatnonzero(crossed)
    first, last = inner[0] + margin, inner[-1] - margin
    if first >= last:
        return np.inf, place < 0
    cut = first + int(crossed[first:last].argmin())
    return float(crossed[cut]), place < cut


def _extent(ink: Grey) -> tuple[int, int]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return 0, 0
    return int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1


def _is_digit(ink: Grey, high: int) -> bool:
    found = find_components(ink > 0)
    if not len(found.areas):
        return False
    left, top, right, bottom = found.boxes[found.areas.argmax()]
    tall, wide = int(bottom - top), int(right - left)
    return tall >= TALL * high and wide >= NARROW * high
