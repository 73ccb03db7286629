"""Find the connected pieces of a mask, by runs of pixels for speed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Ints, Mask


@dataclass(frozen=True, eq=False)
class Components:
    """Eight-connected pieces; `labels` holds i + 1 for piece i, and 0 elsewhere."""

    labels: NDArray[np.int32]
    boxes: Ints  # (n, 4): left, top, right, bottom, the last two exclusive
    areas: Ints


def find_components(mask: Mask) -> Components:
    height, width = mask.shape
    # An empty last column keeps runs from passing from one row into the next.
    stride = width + 1
    padded = np.zeros((height, stride), np.bool_)
    padded[:, :width] = mask
    edges = np.flatnonzero(np.diff(padded.ravel(), prepend=False))
    starts, ends = edges[::2], edges[1::2]
    owner = _join_pairs(len(starts), *_find_touching_runs(starts, ends, stride))
    roots, owner = np.unique(owner, return_inverse=True)
    labels = np.zeros((height, width), np.int32)
    labels[mask] = np.repeat(owner + 1, ends - starts)
    areas = np.bincount(owner, ends - starts, len(roots)).astype(np.intp)
    return Components(labels, _compute_boxes(owner, len(roots), starts, ends, stride), areas)


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
    np.minimum.at(boxes[:, 0], owner, starts % stride)
    np.minimum.at(boxes[:, 1], owner, starts // stride)
    np.maximum.at(boxes[:, 2], owner, ends % stride)
    np.maximum.at(boxes[:, 3], owner, starts // stride + 1)
    return boxes
