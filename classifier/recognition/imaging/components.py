"""Find the connected pieces of a mask, by runs of pixels for speed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Ints, Mask

Box = tuple[int, int, int, int]  # left, top, right, bottom, the last two exclusive


@dataclass(frozen=True, eq=False)
class Components:
    """Eight-connected pieces; `labels` holds i + 1 for piece i, and 0 elsewhere."""

    labels: NDArray[np.int32]
    boxes: Ints  # (n, 4): left, top, right, bottom, the last two exclusive
    areas: Ints


@dataclass(frozen=True, eq=False)
class Crop:
    """Some of the pieces in a window around their box.

    `own` are their pixels in the window, and `blank` the pixels of no piece.
    """

    box: Box
    window: tuple[slice, slice]
    own: Mask
    blank: Mask


def crop_pieces(pieces: Components, members: Ints) -> Crop:
    """Crop to some of the pieces, with a margin of one pixel for their soft edges."""
    boxes = pieces.boxes[members]
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    window = slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)
    labels = pieces.labels[window]
    is_member = np.zeros(len(pieces.areas) + 1, np.bool_)
    is_member[members + 1] = True
    return Crop((left, top, right, bottom), window, is_member[labels], labels == 0)


def find_components(mask: Mask) -> Components:
    height, width = mask.shape
    # An empty last column separates the runs of successive rows.
    stride = width + 1
    flat = np.zeros(height * stride + 1, np.bool_)
    flat[1:].reshape(height, stride)[:, :width] = mask
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    starts, ends = edges[::2], edges[1::2]
    root = _join_pairs(len(starts), *_find_touching_runs(starts, ends, stride))
    is_root = root == np.arange(len(root))
    count = int(is_root.sum())
    owner = (is_root.cumsum() - 1)[root]
    labels = np.zeros((height, width), np.int32)
    labels[mask] = (owner + 1).astype(np.int32).repeat(ends - starts)
    areas = np.bincount(owner, ends - starts, count).astype(np.intp)
    return Components(labels, _compute_boxes(owner, count, starts, ends, stride), areas)


def _find_touching_runs(starts: Ints, ends: Ints, stride: int) -> tuple[Ints, Ints]:
    """Return the pairs of runs in successive rows that touch, corners included."""
    first = np.searchsorted(ends, starts + stride)
    last = np.searchsorted(starts, ends + stride, side="right")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(starts)), count)
    offset = np.arange(len(upper)) - np.repeat(np.cumsum(count) - count, count)
    return upper, first[upper] + offset


def _join_pairs(count: int, one: Ints, other: Ints) -> Ints:
    """Return the least member of each joined set, by union-find on whole arrays."""
    parent = np.arange(count)
    while True:
        a, b = parent[one], parent[other]
        if np.array_equal(a, b):
            return parent
        np.minimum.at(parent, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]


def _compute_boxes(owner: Ints, count: int, starts: Ints, ends: Ints, stride: int) -> Ints:
    boxes = np.empty((count, 4), np.intp)
    boxes[:, :2] = np.iinfo(np.intp).max
    boxes[:, 2:] = 0
    rows = starts // stride
    np.minimum.at(boxes[:, 0], owner, starts - rows * stride)
    np.minimum.at(boxes[:, 1], owner, rows)
    np.maximum.at(boxes[:, 2], owner, ends - rows * stride)
    np.maximum.at(boxes[:, 3], owner, rows + 1)
    return boxes
