"""Find printed lines, boxes and frames, also where digits cross them."""

import numpy as np

from classifier.recognition.imaging.arrays import Ints, Mask
from classifier.recognition.imaging.components import Components, find_components
from classifier.recognition.imaging.morphology import reduce_by_max
from classifier.recognition.imaging.tilted_lines import (
    find_thin_runs,
    find_tilted_lines,
    include_soft_edges,
)

COARSE = 128  # lines are searched at this size, where a slight slant is a few pixels
TILT = 0.08  # of the piece's length, or 4.6 degrees
COVERED = 0.85  # of a line; pens and thresholds leave gaps
MAX_THICKNESS = 0.04  # of the picture's shorter side; thicker lines are written
BAND = 0.12  # of a frame's side, within which its lines may tilt or bend
MIN_DIGIT_HEIGHT = 0.08  # of a frame's shorter side, the least height of a digit in it
MIN_FRAME_SIDE = 0.3  # of the picture's shorter side; smaller frames enclose no digit


def find_ruled_lines(mask: Mask, pieces: Components) -> Mask | None:
    """Return the printed lines of the ink, or None if there are none."""
    rules = np.zeros_like(mask)
    thickness = MAX_THICKNESS * min(mask.shape)
    if thickness < 1:
        return None
    for i in _find_candidates(pieces, mask.shape):
        left, top, right, bottom = pieces.boxes[i]
        window = np.s_[top:bottom, left:right]
        piece = pieces.labels[window] == i + 1
        lines = find_thin_runs(piece, _find_zone(piece), thickness)
        lines |= find_thin_runs(piece.T, _find_zone(piece.T), thickness).T
        if _leaves_a_digit(pieces, i, piece & ~lines):
            rules[window] |= lines
    rest, boxes = mask, pieces.boxes
    if rules.any() and _spans_picture(mask & ~rules):
        rules[:] = False
    elif rules.any():
        rest = mask & ~rules
        boxes = find_components(rest).boxes
    rules |= find_tilted_lines(rest, boxes, thickness)
    return include_soft_edges(rules, mask) if rules.any() else None


def _spans_picture(rest: Mask) -> bool:
    """Return whether ink reaches opposite borders, as in a tightly cropped digit."""
    return bool((rest[0].any() and rest[-1].any()) or (rest[:, 0].any() and rest[:, -1].any()))


def _find_candidates(pieces: Components, shape: tuple[int, ...]) -> Ints:
    """Return the pieces between opposite borders, and large ones with ink along all four sides."""
    left, top, right, bottom = pieces.boxes.T
    across = (left == 0) & (right == shape[1])
    down = (top == 0) & (bottom == shape[0])
    large = np.minimum(right - left, bottom - top) >= MIN_FRAME_SIDE * min(shape)
    framing = [i for i in np.flatnonzero(large) if _is_frame(pieces, int(i))]
    candidates = across | down
    candidates[framing] = True
    return np.flatnonzero(candidates)


def _is_frame(pieces: Components, i: int) -> bool:
    left, top, right, bottom = pieces.boxes[i]
    piece = pieces.labels[top:bottom, left:right] == i + 1
    high, wide = (max(1, int(BAND * side)) for side in piece.shape)
    sides = (
        piece[:high].any(axis=0),
        piece[-high:].any(axis=0),
        piece[:, :wide].any(axis=1),
        piece[:, -wide:].any(axis=1),
    )
    return all(side.mean() >= COVERED for side in sides)


def _find_zone(piece: Mask) -> Mask:
    """Return the neighbourhood of all nearly horizontal lines through the piece that ink covers."""
    height, width = (-(-side // COARSE) for side in piece.shape)
    coarse = reduce_by_max(piece, (height, width))
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


def _leaves_a_digit(pieces: Components, i: int, rest: Mask) -> bool:
    """Return whether ink as high as a digit remains without the lines; else they are the digit."""
    left, top, right, bottom = pieces.boxes[i]
    height = MIN_DIGIT_HEIGHT * min(right - left, bottom - top)
    others = np.delete(pieces.boxes, i, axis=0)
    if len(others) and (others[:, 3] - others[:, 1]).max() >= height:
        return True
    remains = find_components(rest).boxes
    return bool(len(remains) and (remains[:, 3] - remains[:, 1]).max() >= height)
