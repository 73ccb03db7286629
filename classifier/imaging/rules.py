"""Takes away printed structure: ruled lines, grids and boxes, also where digits cross them."""

import numpy as np

from classifier.imaging.arrays import Ints, Mask
from classifier.imaging.components import Components, find_components
from classifier.imaging.morphology import window_max

COARSE = 128  # lines are sought at this size, where a slight slant is a few pixels
TILT = 0.19  # of a line's length, or eleven degrees; paper held more askew than this is rare
LONG = 0.6  # of the picture's side: so long a line is a rule, and others with its slope are too
SHORT = 0.25  # of the side: what a rule that leaves by a corner must have
COVERED = 0.85  # a rule is drawn through; pens skip and thresholds nibble
THIN = 0.04  # of the picture's shorter side: a thicker line is a brush's
BAND = 0.12  # of a frame's side: how far askew or bowed its lines may be
LEAST = 0.08  # of a frame's shorter side: what remains inside must be big enough for a digit
LARGE = 0.3  # of the picture's shorter side: smaller than this nothing encloses a digit


def rule_pixels(mask: Mask, found: Components) -> Mask | None:
    """Where rules are among the ink, or None if the picture holds none."""
    rules = np.zeros_like(mask)
    thickness = THIN * min(mask.shape)
    if thickness < 1:
        return None
    for i in _candidates(found, mask.shape):
        left, top, right, bottom = found.boxes[i]
        window = np.s_[top:bottom, left:right]
        piece = found.labels[window] == i + 1
        lines = _both_ways(piece, thickness)
        if _something_is_left(found, i, piece & ~lines):
            rules[window] |= lines
    if _runs_across(found, mask.shape):
        rules |= _tilted(mask & ~rules, thickness)
    rest = mask & ~rules
    if not rules.any() or _fills(rest):
        return None
    return np.asarray(window_max(rules, 3) & ~rest)


def _fills(rest: Mask) -> bool:
    """Whether a piece still reaches opposite borders: a digit cropped tightly, not a ruled page."""
    left, top, right, bottom = find_components(rest).boxes.T
    across, down = (left == 0) & (right == rest.shape[1]), (top == 0) & (bottom == rest.shape[0])
    return bool((across | down).any())


def _candidates(found: Components, shape: tuple[int, ...]) -> Ints:
    """Large pieces that run between opposite borders or have ink along all four sides."""
    left, top, right, bottom = found.boxes.T
    across = (left == 0) & (right == shape[1])
    down = (top == 0) & (bottom == shape[0])
    large = np.minimum(right - left, bottom - top) >= LARGE * min(shape)
    framing = [i for i in np.flatnonzero(large) if _is_frame(found, int(i))]
    return np.union1d(np.flatnonzero(across | down), framing).astype(np.intp)


def _is_frame(found: Components, i: int) -> bool:
    left, top, right, bottom = found.boxes[i]
    piece = found.labels[top:bottom, left:right] == i + 1
    high, wide = (max(1, int(BAND * side)) for side in piece.shape)
    sides = (
        piece[:high].any(axis=0),
        piece[-high:].any(axis=0),
        piece[:, :wide].any(axis=1),
        piece[:, -wide:].any(axis=1),
    )
    return all(side.mean() >= COVERED for side in sides)


def _both_ways(piece: Mask, thickness: float) -> Mask:
    """The lines along the rows and the columns, and where they cross."""
    level = _lines(piece, thickness)
    upright = _lines((piece & ~level).T, thickness).T
    return np.asarray(level | upright)


def _lines(piece: Mask, thickness: float) -> Mask:
    """The piece's pixels on near-horizontal lines from its one side to the other.

    A column's run of ink on such a line goes with it unless it is much thicker than the line,
    and so belongs to a stroke that crosses.
    """
    zone = _zone(piece)
    if not zone.any():
        return np.zeros_like(piece)
    owner, lengths = _column_runs(piece)
    hit = np.zeros(len(lengths), np.bool_)
    hit[owner[zone & piece]] = True
    usual = float(np.median(lengths[hit])) if hit.any() else np.inf
    if usual > thickness:
        return np.zeros_like(piece)
    gone = hit & (lengths <= 1.5 * usual + 1)
    lines: Mask = piece & gone[owner]
    return lines


def _runs_across(found: Components, shape: tuple[int, ...]) -> bool:
    """Whether a piece is as long as a rule is at least."""
    wide = found.boxes[:, 2] - found.boxes[:, 0]
    high = found.boxes[:, 3] - found.boxes[:, 1]
    return bool((wide >= LONG * shape[1]).any() or (high >= LONG * shape[0]).any())


def _tilted(mask: Mask, thickness: float) -> Mask:
    """The rules of a page held askew, unless nothing of a digit's size were left."""
    lines = _both_ways(mask, thickness)
    boxes = find_components(mask & ~lines).boxes
    if not len(boxes) or (boxes[:, 3] - boxes[:, 1]).max() < LEAST * min(mask.shape):
        return np.zeros_like(mask)
    return lines


def _zone(mask: Mask) -> Mask:
    """The neighbourhood of every straight line of one slope, within the tilt, that ink covers.

    The slope is that of the best covered lines; shorter ones that leave by a corner have it too.
    """
    coarse = _coarse(mask)
    height, width = coarse.shape
    reach = int(TILT * width)
    # Of a line between two rows, each has a part.
    thick = coarse.copy()
    thick[1:] |= coarse[:-1]
    profiles = [_profile(thick, rise, reach) for rise in range(-reach, reach + 1)]
    best = int(np.argmax([_length(covered, inside, width) for covered, inside in profiles]))
    covered, inside = profiles[best]
    zone = np.zeros_like(coarse)
    if _length(covered, inside, width):
        full = (covered >= COVERED * inside) & (inside >= SHORT * width)
        shift = _shift(best - reach, width)
        full[:-1] |= full[1:]
        rows = np.flatnonzero(full)[:, None] + shift - reach
        across = np.broadcast_to(np.arange(width), rows.shape)
        seen = (rows >= 0) & (rows < height)
        zone[rows[seen], across[seen]] = True
    step = -(-max(mask.shape) // COARSE)
    spread: Mask = zone.repeat(step, axis=0).repeat(step, axis=1)
    return spread[: mask.shape[0], : mask.shape[1]]


def _shift(rise: int, width: int) -> Ints:
    """How far down a line that rises so many pixels over the width is at each column."""
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


def _coarse(piece: Mask) -> Mask:
    """The mask reduced so that a pixel is set where any of its block was."""
    step = -(-max(piece.shape) // COARSE)
    rows = np.logical_or.reduceat(piece, np.arange(0, piece.shape[0], step), axis=0)
    blocks: Mask = np.logical_or.reduceat(rows, np.arange(0, piece.shape[1], step), axis=1)
    return blocks


def _column_runs(piece: Mask) -> tuple[Ints, Ints]:
    """For each pixel the number of its vertical run of ink, and each run's length."""
    above = np.zeros_like(piece)
    above[1:] = piece[:-1]
    order = (piece & ~above).T.ravel().cumsum() - 1
    owner = np.maximum(order, 0).reshape(piece.shape[::-1]).T
    return owner, np.bincount(owner[piece])


def _something_is_left(found: Components, i: int, rest: Mask) -> bool:
    """Whether there is a digit's worth of ink besides the lines: else they were the digit."""
    left, top, right, bottom = found.boxes[i]
    side = LEAST * min(right - left, bottom - top)
    others = np.delete(found.boxes, i, axis=0)
    if len(others) and (others[:, 3] - others[:, 1]).max() >= side:
        return True
    remains = find_components(rest).boxes
    return bool(len(remains) and (remains[:, 3] - remains[:, 1]).max() >= side)
