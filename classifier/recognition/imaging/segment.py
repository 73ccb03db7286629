"""Gathers the ink into one group of pieces per digit, in reading order."""

from dataclasses import dataclass

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Ints, Mask
from classifier.recognition.imaging.components import Components
from classifier.recognition.imaging.ink import TAIL
from classifier.recognition.imaging.morphology import window_max
from classifier.recognition.imaging.split import STROKE, WIDE_ALONE, WIDE_IN_COMPANY, split_touching

SPECK = 0.2  # a piece under this part of the greatest one's size is no part of a digit
FRAGMENT = 0.6  # a piece shorter than this part of the usual height is no whole digit
FLAT = 1.2  # nor is one this much wider than tall, as the bar of a 5 is
# Gaps between the strokes of one digit, as parts of the usual height.
FRAGMENT_GAP = 0.35  # a bar that floats above its 5
BESIDE_GAP = 0.15  # a stroke that stops short of the next
BROKEN_GAP = 0.08  # a pen that skipped
# A page of text or a texture has more pieces than anybody writes digits.
MOST_PIECES = 150

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Group:
    """One digit's ink on its own, and where it lies: left, top, right, bottom."""

    ink: Grey
    box: Box


def find_groups(ink: Grey, found: Components) -> list[Group]:
    kept = np.flatnonzero(_is_strong(found, ink))
    if not len(kept):
        return []
    kept = _without_specks(found, kept)
    kept = _without_border_slivers(found, kept, ink.shape)
    if len(kept) > MOST_PIECES:
        return [_cut(found, ink, kept)]
    owner = _merged(found.boxes[kept])
    groups = [_cut(found, ink, kept[owner == i]) for i in range(owner.max() + 1)]
    widest = WIDE_ALONE if len(groups) == 1 else WIDE_IN_COMPANY
    groups = [part for group in groups for part in _parts(group, widest)]
    return _in_reading_order(groups)


def _is_strong(found: Components, ink: Grey) -> Mask:
    strong = np.bincount(found.labels[ink > STROKE], minlength=len(found.areas) + 1)
    return np.asarray(strong[1:] > 0)


def sizes(boxes: Ints) -> Ints:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1))


def _without_specks(found: Components, kept: Ints) -> Ints:
    size = sizes(found.boxes[kept])
    large: Ints = kept[size >= SPECK * size.max()]
    return large


def _without_border_slivers(found: Components, kept: Ints, shape: tuple[int, ...]) -> Ints:
    """Drops what lies along the picture's border when all else keeps clear of the border.

    A table beside the paper and the paper's own edge look so; the digits of a picture that is
    cropped tightly do not, for then several touch the border.
    """
    left, top, right, bottom = found.boxes[kept].T
    touches = (left == 0) | (top == 0) | (right == shape[1]) | (bottom == shape[0])
    edges = (found.labels[0], found.labels[-1], found.labels[:, 0], found.labels[:, -1])
    contact = np.bincount(np.concatenate(edges), minlength=len(found.areas) + 1)[kept + 1]
    sliver = contact > 0.5 * sizes(found.boxes[kept])
    others = ~touches
    if others.any() and np.array_equal(sliver, touches):
        kept = kept[others]
    return kept


def _merged(boxes: Ints) -> Ints:
    """The digit that each piece belongs to, by joining until nothing more belongs together."""
    owner = np.arange(len(boxes))
    while owner.max() > 0:
        bounds = _bounds(boxes, owner)
        joined = _belong_together(bounds)
        if not joined.any():
            break
        first = np.where(joined.any(axis=1), joined.argmax(axis=1), len(bounds))
        first = np.minimum(first, np.arange(len(bounds)))
        owner = np.unique(first[owner], return_inverse=True)[1]
    return owner


def _bounds(boxes: Ints, owner: Ints) -> Ints:
    count = owner.max() + 1
    bounds = np.empty((count, 4), np.intp)
    for i in range(count):
        own = boxes[owner == i]
        bounds[i] = *own[:, :2].min(axis=0), *own[:, 2:].max(axis=0)
    return bounds


def _belong_together(bounds: Ints) -> Mask:
    """Which pairs are parts of one digit, by their boxes alone."""
    left, top, right, bottom = (bounds[:, i] for i in range(4))
    wide, high = right - left, bottom - top
    tall = float(np.median(high[high >= 0.5 * high.max()]))
    gap_x = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    gap_y = np.maximum.outer(top, top) - np.minimum.outer(bottom, bottom)
    partial = (high < FRAGMENT * tall) | (wide > FLAT * high)
    partial = np.logical_or.outer(partial, partial)
    above = -gap_x >= 0.5 * np.minimum.outer(wide, wide)
    stacked = above & (gap_y < np.where(partial, FRAGMENT_GAP, BROKEN_GAP) * tall)
    beside = partial & (np.maximum(gap_x, gap_y) < BESIDE_GAP * tall)
    narrow = np.logical_and.outer(wide < 0.5 * high, wide < 0.5 * high)
    level = -gap_y >= 0.7 * np.maximum.outer(high, high)
    halves = narrow & level & (gap_x < BROKEN_GAP * tall)
    together: Mask = stacked | beside | halves
    np.fill_diagonal(together, False)
    return together


def _cut(found: Components, ink: Grey, pieces: Ints) -> Group:
    boxes = found.boxes[pieces]
    left, top = (int(v) for v in boxes[:, :2].min(axis=0))
    right, bottom = (int(v) for v in boxes[:, 2:].max(axis=0))
    # A stroke's soft edge, too faint for the mask, is within a pixel of it.
    window = np.s_[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1]
    labels = found.labels[window]
    wanted = np.zeros(len(found.areas) + 1, np.bool_)
    wanted[pieces + 1] = True
    mine = wanted[labels]
    own = window_max(mine, 3) & (mine | (labels == 0))
    return Group(ink[window] * own, (left, top, right, bottom))


def _parts(group: Group, widest: float) -> list[Group]:
    left, top, _, _ = group.box
    parts = split_touching(group.ink, widest)
    if len(parts) == 1:
        return [group]
    return [Group(part, _box_of(part, max(left - 1, 0), max(top - 1, 0))) for part in parts]


def _box_of(ink: Grey, left: int, top: int) -> Box:
    mask = ink > TAIL
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        left + int(columns[0]),
        top + int(rows[0]),
        left + int(columns[-1]) + 1,
        top + int(rows[-1]) + 1,
    )


def _in_reading_order(groups: list[Group]) -> list[Group]:
    """Row by row, from the left; a row goes on at the group most level with its last one."""
    rows: list[list[Group]] = []
    for group in sorted(groups, key=lambda g: g.box[0] + g.box[2]):
        level = [_level(row[-1].box, group.box) for row in rows]
        best = int(np.argmax(level)) if level else 0
        if level and level[best] > 0.3:
            rows[best].append(group)
        else:
            rows.append([group])
    rows.sort(key=lambda row: float(np.mean([g.box[1] + g.box[3] for g in row])))
    return [group for row in rows for group in row]


def _level(a: Box, b: Box) -> float:
    """The height that two boxes share, as a part of the lower one's."""
    return (min(a[3], b[3]) - max(a[1], b[1])) / min(a[3] - a[1], b[3] - b[1])
