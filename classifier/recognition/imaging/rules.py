"""Finds printed structure: rules, boxes and frames, also where digits cross them."""

import numpy as np

from classifier.recognition.imaging.arrays import Ints, Mask
from classifier.recognition.imaging.components import Components, find_components
from classifier.recognition.imaging.tilted import thin_runs, tilted_rules, with_soft_edges

COARSE = 128  # lines are sought at this size, where a slight slant is a few pixels
TILT = 0.08  # four or five degrees; paper held more askew than this is rare
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
        lines = _lines(piece, thickness) | _lines(piece.T, thickness).T
        if _something_is_left(found, i, piece & ~lines):
            rules[window] |= lines
    if _fills(mask & ~rules):
        rules[:] = False
    rules |= tilted_rules(mask & ~rules, thickness)
    return with_soft_edges(rules, mask) if rules.any() else None


def _fills(rest: Mask) -> bool:
    """Whether ink still reaches opposite borders: a digit cropped tightly, not a ruled page."""
    return bool((rest[0].any() and rest[-1].any()) or (rest[:, 0].any() and rest[:, -1].any()))


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


def _lines(piece: Mask, thickness: float) -> Mask:
    """The piece's pixels on near-horizontal lines from its one side to the other."""
    return thin_runs(piece, _zone(piece), thickness)


def _zone(piece: Mask) -> Mask:
    """The neighbourhood of every straight line, within the tilt, that ink covers."""
    coarse = _coarse(piece)
    height, width = coarse.shape
    zone = np.zeros_like(coarse)
    columns = np.arange(width)
    reach = int(TILT * width)
    padded = np.pad(coarse, ((reach, reach), (0, 0)))
    for rise in range(-reach, reach + 1):
        shift = np.round(rise * (columns / max(width - 1, 1) - 0.5)).astype(np.intp)
        place = np.arange(height)[:, None] + shift + reach
        full = padded[place, columns].mean(axis=1) >= COVERED
        rows = np.flatnonzero(full)[:, None] + shift
        inside = (rows >= 0) & (rows < height)
        zone[rows[inside], np.broadcast_to(columns, rows.shape)[inside]] = True
    down = np.arange(piece.shape[0]) * height // piece.shape[0]
    across = np.arange(piece.shape[1]) * width // piece.shape[1]
    spread: Mask = zone[down][:, across]
    return spread


def _coarse(piece: Mask) -> Mask:
    """The mask reduced so that a pixel is set where any of its block was."""
    step_y, step_x = (-(-side // COARSE) for side in piece.shape)
    rows = np.logical_or.reduceat(piece, np.arange(0, piece.shape[0], step_y), axis=0)
    blocks: Mask = np.logical_or.reduceat(rows, np.arange(0, piece.shape[1], step_x), axis=1)
    return blocks


def _something_is_left(found: Components, i: int, rest: Mask) -> bool:
    """Whether there is a digit's worth of ink besides the lines: else they were the digit."""
    left, top, right, bottom = found.boxes[i]
    side = LEAST * min(right - left, bottom - top)
    others = np.delete(found.boxes, i, axis=0)
    if len(others) and (others[:, 3] - others[:, 1]).max() >= side:
        return True
    remains = find_components(rest).boxes
    return bool(len(remains) and (remains[:, 3] - remains[:, 1]).max() >= side)
