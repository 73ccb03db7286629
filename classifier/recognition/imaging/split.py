"""Separate touching digits by a straight cut where the ink is thinnest."""

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Mask, find_bounds
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.normalize import measure_stroke_width

STROKE = 0.5  # of the pen's full contrast, at the true edge of a blurred stroke
# Largest width by height of one digit: 2 % of MNIST's exceed the first, 0.1 % the second. A pair
# is more likely next to other digits than alone.
WIDE_IN_COMPANY, WIDE_ALONE = 1.4, 1.8
TALL = 0.75  # of the whole's height, the least of each part; tails and bars are lower
LEGIBLE = 8  # pixels of height; lower ink can be a line
NARROW = 0.3  # of the height, the least width of a part; ends of strokes are narrower
SLANTS = (-0.5, -0.25, 0.0, 0.25, 0.5)  # columns per row, the range of handwriting
THIN = 1.5  # widths of a stroke; a cut through more ink crosses a digit


def split_touching(ink: Grey, widest: float) -> list[Grey]:
    """Return the digits of `ink` from left to right; the ink itself if there is no clear cut."""
    mask = ink > STROKE
    high, wide = (side.stop - side.start for side in find_bounds(mask))
    if high < LEGIBLE or wide <= widest * high:
        return [ink]
    thin = THIN * measure_stroke_width(ink)
    cuts = sorted((_find_cut(mask, slant, high) for slant in SLANTS), key=lambda cut: cut[0])
    for crossed, left in cuts:
        if crossed < thin and _is_digit(mask & left, high) and _is_digit(mask & ~left, high):
            sides = (split_touching(ink * side, WIDE_IN_COMPANY) for side in (left, ~left))
            return [part for parts in sides for part in parts]
    return [ink]


def _find_cut(mask: Mask, slant: float, high: int) -> tuple[float, Mask]:
    """Return the ink that the best cut of this slant crosses, and the pixels to its left."""
    height, width = mask.shape
    shift = slant * (np.arange(height) - height / 2)
    place = np.round(np.arange(width) + shift[:, None]).astype(np.intp)
    place -= place.min()
    upright = np.zeros((height, int(place.max()) + 1), np.bool_)
    np.put_along_axis(upright, place, mask, axis=1)
    crossed = _count_crossed(upright)
    inner, margin = np.flatnonzero(upright.any(axis=0)), int(NARROW * high)
    first, last = inner[0] + margin, inner[-1] - margin
    if first >= last:
        return np.inf, place < 0
    cut = first + int(crossed[first:last].argmin())
    return float(crossed[cut]), place < cut


def _count_crossed(upright: Mask) -> Grey:
    """Return the ink in each column, infinite if it crosses two strokes and thus a digit."""
    crossed: Grey = upright.sum(axis=0).astype(np.float32)
    runs = np.diff(upright.astype(np.int8), axis=0, prepend=0) > 0
    crossed[runs.sum(axis=0) > 1] = np.inf
    return crossed


def _is_digit(mask: Mask, high: int) -> bool:
    pieces = find_components(mask)
    if not len(pieces.areas):
        return False
    left, top, right, bottom = pieces.boxes[pieces.areas.argmax()]
    height, width = int(bottom - top), int(right - left)
    return height >= TALL * high and width >= NARROW * high
