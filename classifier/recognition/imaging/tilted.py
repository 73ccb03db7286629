"""Finds the rules of a page that is held askew: several lines of one slope across the picture."""

import numpy as np

from classifier.recognition.imaging.arrays import Ints, Mask
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.morphology import window_max

COARSE = 128  # lines are sought at this size, where a slight slant is a few pixels
TILT = 0.19  # of a line's length, or eleven degrees; paper held more askew than this is rare
COVERED = 0.85  # a rule is drawn through; pens skip and thresholds nibble
SEVERAL = 2  # lines of one slope are a page's rules; one may be a stroke
ALIKE = 1  # steps of slope between the lines of one page
LONG = 0.6  # of the picture's side: so long a line is a rule, and others with its slope are too
SHORT = 0.25  # of the side: what a rule that leaves by a corner must have
SMALLEST = 64  # pixels of the shorter side; a thumbnail shows a digit and no page
LEAST = 0.08  # of the shorter side: what remains must be big enough for a digit


def tilted_rules(mask: Mask, thickness: float) -> Mask:
    """Return the rules among the ink, none thicker than `thickness` pixels, both ways.

    There are none where nothing of a digit's size remains, or strokes fill the picture.
    """
    none = np.zeros_like(mask)
    if min(mask.shape) < SMALLEST or not _runs_across(mask):
        return none
    level = thin_runs(mask, _zone(mask), thickness)
    rest = (mask & ~level).T
    lines = level | thin_runs(rest, _zone(rest), thickness).T
    boxes = find_components(mask & ~lines).boxes
    if not lines.any() or not len(boxes):
        return none
    top, bottom = boxes[:, 1], boxes[:, 3]
    high = bottom - top
    if high.max() < LEAST * min(mask.shape):
        return none
    tall = high >= 0.3 * mask.shape[0]
    fills = (tall & (top == 0)).any() and (tall & (bottom == mask.shape[0])).any()
    return none if fills else lines


def _runs_across(mask: Mask) -> bool:
    """Whether a piece is as long as a rule is at least."""
    boxes = find_components(mask).boxes
    sides = (boxes[:, 2:] - boxes[:, :2]) >= LONG * np.array(mask.shape[::-1])
    return bool(sides.any())


def with_soft_edges(rules: Mask, mask: Mask) -> Mask:
    """Return the rules and the pixels about them that are too faint to be in the mask."""
    return np.asarray(window_max(rules, 3) & ~(mask & ~rules))


def thin_runs(mask: Mask, zone: Mask, thickness: float) -> Mask:
    """Return the vertical runs of ink in the zone that are a line's.

    A run that is much thicker than the line belongs to a stroke that crosses it.
    """
    if not zone.any():
        return np.zeros_like(mask)
    owner, lengths = _column_runs(mask)
    hit = np.zeros(len(lengths), np.bool_)
    hit[owner[zone & mask]] = True
    usual = float(np.median(lengths[hit])) if hit.any() else np.inf
    if usual > thickness:
        return np.zeros_like(mask)
    gone = hit & (lengths <= 1.5 * usual + 1)
    lines: Mask = mask & gone[owner]
    return lines


def _column_runs(mask: Mask) -> tuple[Ints, Ints]:
    """For each pixel the number of its vertical run of ink, and each run's length."""
    above = np.zeros_like(mask)
    above[1:] = mask[:-1]
    order = (mask & ~above).T.ravel().cumsum() - 1
    owner = np.maximum(order, 0).reshape(mask.shape[::-1]).T
    return owner, np.bincount(owner[mask])


def _zone(mask: Mask) -> Mask:
    """The neighbourhood of every straight line that ink covers, where there are several.

    They have about the slope of the best covered ones, as have shorter ones that leave by a
    corner.
    """
    coarse = _coarse(mask)
    width = coarse.shape[1]
    reach = int(TILT * width)
    # Of a line between two rows, each has a part.
    thick = coarse.copy()
    thick[1:] |= coarse[:-1]
    profiles = [_profile(thick, rise, reach) for rise in range(-reach, reach + 1)]
    lengths = np.array([_length(covered, inside, width) for covered, inside in profiles])
    best = int(lengths.argmax())
    if _count(profiles[best], width) < SEVERAL:
        return np.zeros_like(mask)
    zone = np.zeros_like(coarse)
    for place in range(max(0, best - ALIKE), min(best + ALIKE, 2 * reach) + 1):
        if lengths[place] > 0:
            _mark(zone, profiles[place], place - reach, reach)
    step = -(-max(mask.shape) // COARSE)
    spread: Mask = zone.repeat(step, axis=0).repeat(step, axis=1)
    return spread[: mask.shape[0], : mask.shape[1]]


def _mark(zone: Mask, profile: tuple[Ints, Ints], rise: int, reach: int) -> None:
    """Set the pixels of the covered lines of a slope."""
    height, width = zone.shape
    covered, inside = profile
    # Where a line leaves, it is in the picture's outermost pixels for a while after its ink.
    leaving = np.where(inside < width, width / max(abs(rise), 1), 0)
    full = (covered >= COVERED * (inside - leaving)) & (covered >= SHORT * width)
    full[:-1] |= full[1:]
    rows = np.flatnonzero(full)[:, None] + _shift(rise, width) - reach
    across = np.broadcast_to(np.arange(width), rows.shape)
    seen = (rows >= 0) & (rows < height)
    zone[rows[seen], across[seen]] = True


def _count(profile: tuple[Ints, Ints], width: int) -> int:
    """How many separate lines of a rule's length ink covers."""
    covered, inside = profile
    full = (covered >= COVERED * inside) & (inside >= LONG * width)
    return int((np.diff(full.astype(np.int8), prepend=0) > 0).sum())


def _shift(rise: int, width: int) -> Ints:
    """Return the rows that a line is lower at each column, if it rises so many pixels in all."""
    return np.round(rise * (np.arange(width) / max(width - 1, 1) - 0.5)).astype(np.intp)


def _profile(coarse: Mask, rise: int, reach: int) -> tuple[Ints, Ints]:
    """The ink along each line of a slope, and how much of the line is in the picture.

    Lines are numbered by their middle, from `reach` pixels above the picture on.
    """
    height, width = coarse.shape
    place = np.arange(-reach, height + reach)[:, None] + _shift(rise, width)
    seen = (place >= 0) & (place < height)
    ink = coarse[np.clip(place, 0, height - 1), np.arange(width)] & seen
    return ink.sum(axis=1), seen.sum(axis=1)


def _length(covered: Ints, inside: Ints, width: int) -> int:
    """The total length of the lines that ink covers, each as long as a rule is."""
    return int(covered[(covered >= COVERED * inside) & (inside >= LONG * width)].sum())


def _coarse(mask: Mask) -> Mask:
    """The mask reduced so that a pixel is set where any of its block was."""
    step = -(-max(mask.shape) // COARSE)
    rows = np.logical_or.reduceat(mask, np.arange(0, mask.shape[0], step), axis=0)
    blocks: Mask = np.logical_or.reduceat(rows, np.arange(0, mask.shape[1], step), axis=1)
    return blocks
