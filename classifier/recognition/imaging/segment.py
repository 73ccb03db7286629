"""Group the pieces of ink by digit, in reading order."""

from dataclasses import dataclass

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Ints, Mask, compute_median, find_bounds
from classifier.recognition.imaging.components import Box, Components, crop_pieces
from classifier.recognition.imaging.ink import TAIL
from classifier.recognition.imaging.morphology import dilate_square
from classifier.recognition.imaging.split import STROKE, WIDE_ALONE, WIDE_IN_COMPANY, split_touching

SPECK = 0.2  # of the largest piece's size; smaller pieces are no part of a digit
FRAGMENT = 0.6  # of the usual height; lower pieces are no whole digit
FLAT = 1.2  # width by height; wider pieces are no whole digit, like the bar of a 5
# Gaps between the strokes of one digit, as parts of the usual height.
FRAGMENT_GAP = 0.35  # a bar that floats above its 5
BESIDE_GAP = 0.15  # a stroke that ends before the next
BROKEN_GAP = 0.08  # a pen that skipped
# A page of text or a texture has more pieces than people write digits.
MAX_PIECES = 150


@dataclass(frozen=True, eq=False)
class Group:
    """The ink of one digit, and its box (left, top, right, bottom)."""

    ink: Grey
    box: Box


def find_groups(ink: Grey, pieces: Components) -> list[Group]:
    """Return one group for each digit, in reading order."""
    strong = np.bincount(pieces.labels[ink > STROKE], minlength=len(pieces.areas) + 1)
    members = np.flatnonzero(strong[1:])
    if not len(members):
        return []
    size = _measure_size(pieces.boxes[members])
    members = members[size >= SPECK * size.max()]
    members = _drop_border_slivers(pieces, members, ink.shape)
    if len(members) > MAX_PIECES:
        return [_cut_group(ink, pieces, members)]
    owner = _merge_pieces(pieces.boxes[members])
    groups = [_cut_group(ink, pieces, members[owner == i]) for i in range(owner.max() + 1)]
    widest = WIDE_ALONE if len(groups) == 1 else WIDE_IN_COMPANY
    groups = [part for group in groups for part in _split_group(group, widest)]
    return _sort_groups(groups)


def _measure_size(boxes: Ints) -> Ints:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1))


def _drop_border_slivers(pieces: Components, members: Ints, shape: tuple[int, ...]) -> Ints:
    """Drop pieces along the picture's border if no other piece touches the border.

    These are a table next to the paper, or the paper's own edge. In a tightly cropped picture
    digits touch the border as well.
    """
    left, top, right, bottom = pieces.boxes[members].T
    touches = (left == 0) | (top == 0) | (right == shape[1]) | (bottom == shape[0])
    edges = (pieces.labels[0], pieces.labels[-1], pieces.labels[:, 0], pieces.labels[:, -1])
    contact = np.bincount(np.concatenate(edges), minlength=len(pieces.areas) + 1)[members + 1]
    is_sliver = contact > 0.5 * _measure_size(pieces.boxes[members])
    if not touches.all() and np.array_equal(is_sliver, touches):
        members = members[~touches]
    return members


def _merge_pieces(boxes: Ints) -> Ints:
    """Return the digit of each piece, merging until no more parts belong to one digit."""
    owner = np.arange(len(boxes))
    while owner.max() > 0:
        bounds = _bound_digits(boxes, owner)
        joined = _find_partners(bounds)
        if not joined.any():
            break
        first = np.where(joined.any(axis=1), joined.argmax(axis=1), len(bounds))
        first = np.minimum(first, np.arange(len(bounds)))
        owner = np.unique(first[owner], return_inverse=True)[1]
    return owner


def _bound_digits(boxes: Ints, owner: Ints) -> Ints:
    count = owner.max() + 1
    bounds = np.empty((count, 4), np.intp)
    for i in range(count):
        own = boxes[owner == i]
        bounds[i] = *own[:, :2].min(axis=0), *own[:, 2:].max(axis=0)
    return bounds


def _find_partners(bounds: Ints) -> Mask:
    """Return the (n, n) pairs of boxes that are parts of one digit."""
    left, top, right, bottom = (bounds[:, i] for i in range(4))
    wide, high = right - left, bottom - top
    tall = compute_median(high[high >= 0.5 * high.max()])
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
    partners: Mask = stacked | beside | halves
    np.fill_diagonal(partners, False)
    return partners


def _cut_group(ink: Grey, pieces: Components, members: Ints) -> Group:
    crop = crop_pieces(pieces, members)
    with_edges = dilate_square(crop.own, 3) & (crop.own | crop.blank)
    return Group(ink[crop.window] * with_edges, crop.box)


def _split_group(group: Group, widest: float) -> list[Group]:
    left, top, _, _ = group.box
    parts = split_touching(group.ink, widest)
    if len(parts) == 1:
        return [group]
    return [Group(part, _bound_ink(part, max(left - 1, 0), max(top - 1, 0))) for part in parts]


def _bound_ink(ink: Grey, left: int, top: int) -> Box:
    rows, columns = find_bounds(ink > TAIL)
    return left + columns.start, top + rows.start, left + columns.stop, top + rows.stop


def _sort_groups(groups: list[Group]) -> list[Group]:
    """Sort into reading order; a group extends the row whose last group is most level with it."""
    rows: list[list[Group]] = []
    for group in sorted(groups, key=lambda g: g.box[0] + g.box[2]):
        level = [_measure_overlap(row[-1].box, group.box) for row in rows]
        best = int(np.argmax(level)) if level else 0
        if level and level[best] > 0.3:
            rows[best].append(group)
        else:
            rows.append([group])
    rows.sort(key=lambda row: float(np.mean([g.box[1] + g.box[3] for g in row])))
    return [group for row in rows for group in row]


def _measure_overlap(a: Box, b: Box) -> float:
    """Return the height that two boxes share, as a share of the smaller height."""
    return (min(a[3], b[3]) - max(a[1], b[1])) / min(a[3] - a[1], b[3] - b[1])
