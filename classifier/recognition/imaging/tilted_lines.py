"""Find the ruled lines of a tilted page: several lines of one slope across the picture."""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Ints, Mask, compute_median
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.morphology import dilate_square, reduce_by_max

COARSE = 128  # lines are searched at this size, where a slight slant is a few pixels
TILT = 0.19  # of a line's length, or eleven degrees
COVERED = 0.85  # of a line; pens and thresholds leave gaps
SEVERAL = 2  # lines of one slope are printed; one may be a stroke
SLOPE_STEPS = 1  # by which the slopes of a page's lines may differ
LONG = 0.6  # of the picture's side; such a line is printed, and so are others of its slope
SHORT = 0.25  # of the picture's side, the least length of a line across a corner
MIN_SIDE = 64  # pixels of the shorter side; thumbnails show no page
MIN_DIGIT_HEIGHT = 0.08  # of the shorter side, the least height of a digit


def find_tilted_lines(mask: Mask, boxes: Ints, thickness: float) -> Mask:
    """Return the ink of lines in both directions that are no thicker than `thickness` pixels.

    `boxes` are those of the mask's pieces. The result is empty if nothing as high as a digit
    remains, or if strokes fill the picture.
    """
    none = np.zeros_like(mask)
    if min(mask.shape) < MIN_SIDE or not _has_long_piece(mask, boxes):
        return none
    level = find_thin_runs(mask, _find_zone(mask), thickness)
    rest = (mask & ~level).T
    lines = level | find_thin_runs(rest, _find_zone(rest), thickness).T
    if not lines.any():
        return none
    boxes = find_components(mask & ~lines).boxes
    if not len(boxes):
        return none
    top, bottom = boxes[:, 1], boxes[:, 3]
    high = bottom - top
    if high.max() < MIN_DIGIT_HEIGHT * min(mask.shape):
        return none
    tall = high >= 0.3 * mask.shape[0]
    fills = (tall & (top == 0)).any() and (tall & (bottom == mask.shape[0])).any()
    return none if fills else lines


def _has_long_piece(mask: Mask, boxes: Ints) -> bool:
    sides = (boxes[:, 2:] - boxes[:, :2]) >= LONG * np.array(mask.shape[::-1])
    return bool(sides.any())


def include_soft_edges(rules: Mask, mask: Mask) -> Mask:
    """Return the rules and the pixels next to them that are too faint for the mask."""
    return np.asarray(dilate_square(rules, 3) & ~(mask & ~rules))


def find_thin_runs(mask: Mask, zone: Mask, thickness: float) -> Mask:
    """Return the vertical runs of ink in the zone that belong to a line.

    A run that is much longer than the line is thick belongs to a stroke that crosses it.
    """
    if not zone.any():
        return np.zeros_like(mask)
    owner, lengths = _label_column_runs(mask)
    hit = np.zeros(len(lengths), np.bool_)
    hit[owner[zone & mask]] = True
    usual = compute_median(lengths[hit]) if hit.any() else np.inf
    if usual > thickness:
        return np.zeros_like(mask)
    thin = hit & (lengths <= 1.5 * usual + 1)
    lines: Mask = mask & thin[owner]
    return lines


def _label_column_runs(mask: Mask) -> tuple[Ints, Ints]:
    """Return the number of each pixel's vertical run of ink, and the length of each run."""
    above = np.zeros_like(mask)
    above[1:] = mask[:-1]
    order = (mask & ~above).T.ravel().cumsum() - 1
    owner = np.maximum(order, 0).reshape(mask.shape[::-1]).T
    return owner, np.bincount(owner[mask])


def _find_zone(mask: Mask) -> Mask:
    """Return the neighbourhood of the straight lines that ink covers, if there are several.

    All have about the slope of the longest, including shorter ones across a corner.
    """
    step = -(-max(mask.shape) // COARSE)
    coarse = reduce_by_max(mask, (step, step))
    width = coarse.shape[1]
    if coarse.any(axis=0).sum() < COVERED * LONG * width:
        return np.zeros_like(mask)
    reach = int(TILT * width)
    # A line between two rows is partly in each.
    thick = coarse.copy()
    thick[1:] |= coarse[:-1]
    inside, first = _measure_lengths(*thick.shape, reach)
    most = _bound_profiles(thick, inside, first, reach)
    may_be_long = (inside >= LONG * width) & (most >= COVERED * inside)
    if not may_be_long.any():
        return np.zeros_like(mask)
    covered = _measure_profiles(thick, reach, may_be_long.any(axis=1))
    is_long = may_be_long & (covered >= COVERED * inside)
    lengths = (is_long * covered).sum(axis=1)
    best = int(lengths.argmax())
    if _count_runs(is_long[best]) < SEVERAL:
        return np.zeros_like(mask)
    zone = np.zeros_like(coarse)
    for place in range(max(0, best - SLOPE_STEPS), min(best + SLOPE_STEPS, 2 * reach) + 1):
        if lengths[place] > 0:
            _mark_lines(zone, (covered[place], inside[place]), place - reach, reach)
    spread: Mask = zone.repeat(step, axis=0).repeat(step, axis=1)
    return spread[: mask.shape[0], : mask.shape[1]]


def _mark_lines(zone: Mask, profile: tuple[Ints, Ints], rise: int, reach: int) -> None:
    """Set the pixels of the covered lines of one slope."""
    height, width = zone.shape
    covered, length = profile
    # A line that leaves the picture stays in the outermost pixels for longer than its ink.
    leaving = np.where(length < width, width / max(abs(rise), 1), 0)
    full = (covered >= COVERED * (length - leaving)) & (covered >= SHORT * width)
    full[:-1] |= full[1:]
    rows = np.flatnonzero(full)[:, None] + _shift_rows(rise, width) - reach
    across = np.broadcast_to(np.arange(width), rows.shape)
    inside = (rows >= 0) & (rows < height)
    zone[rows[inside], across[inside]] = True


def _count_runs(row: Mask) -> int:
    return int((np.diff(row.astype(np.int8), prepend=0) > 0).sum())


@lru_cache(maxsize=256)
def _shift_rows(rise: int, width: int) -> Ints:
    """Return the row at each column, relative to the middle, of a line that spans `rise` rows."""
    return np.round(rise * (np.arange(width) / max(width - 1, 1) - 0.5)).astype(np.intp)


def _bound_profiles(thick: Mask, inside: Ints, first: Ints, reach: int) -> Ints:
    """Return at least the ink along each line: the columns with ink in the line's rows."""
    height, width = thick.shape
    half = reach // 2 + 1
    count = height + 2 * reach
    sums = np.zeros((count + 2 * half + 1, width), np.int16)
    sums[reach + half + 1 : reach + half + 1 + height] = thick
    sums.cumsum(axis=0, out=sums)
    band = np.zeros((count, width + 1), np.int16)
    np.not_equal(sums[2 * half + 1 :], sums[: -2 * half - 1], out=band[:, 1:], casting="unsafe")
    columns = band.cumsum(axis=1, dtype=np.int16)
    lines = np.arange(count)
    return np.asarray(columns[lines, first + inside] - columns[lines, first])


def _measure_profiles(coarse: Mask, reach: int, slopes: Mask) -> NDArray[np.uint8]:
    """Return for each slope the ink along its lines, (2 reach + 1, height + 2 reach).

    Only some of the `slopes` are measured. The lines are in the order of their middles, which start
    `reach` pixels above the picture. The picture is at most 255 pixels wide.
    """
    height, width = coarse.shape
    columns = np.zeros((width, height + 4 * reach), np.uint8)
    columns[:, 2 * reach : 2 * reach + height] = coarse.T
    # One window of a column holds its pixels on all lines of a slope.
    windows = sliding_window_view(columns, height + 2 * reach, axis=1)
    covered = np.zeros((2 * reach + 1, height + 2 * reach), np.uint8)
    across = np.arange(width)
    for place in np.flatnonzero(slopes).tolist():
        lines = windows[across, _shift_rows(place - reach, width) + reach]
        np.add.reduce(lines, axis=0, dtype=np.uint8, out=covered[place])
    return covered


@lru_cache(maxsize=64)
def _measure_lengths(height: int, width: int, reach: int) -> tuple[Ints, Ints]:
    """Return how much of each line of each slope is in the picture, and from which column on."""
    middles = np.arange(-reach, height + reach)[:, None]
    slopes = (middles + _shift_rows(rise, width) for rise in range(-reach, reach + 1))
    inside = np.array([(rows >= 0) & (rows < height) for rows in slopes])
    return inside.sum(axis=2), inside.argmax(axis=2)
