"""Measure how far a page can be trusted: ink outside the digits, cut off, or faint."""

from dataclasses import dataclass

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Ints, Mask, compute_median
from classifier.recognition.imaging.components import Components
from classifier.recognition.imaging.ink import Ink
from classifier.recognition.imaging.normalize import measure_stroke_width

DUST = 0.1  # of the digits' usual height; smaller pieces don't count


@dataclass(frozen=True)
class PageQuality:
    """Measures that a reader limits.

    `unexplained` is the share of the ink outside all digits, 0 to 1. `cut_off` has, for each digit,
    the length of its contact with a side of the picture, in widths of its strokes; a stroke that
    leaves the picture has at least 1. `visibility` is the ink's contrast as a multiple of the
    paper's grain; ink near 1 is hardly visible.
    """

    unexplained: float
    cut_off: tuple[float, ...]
    visibility: float


def find_left_out(pieces: Components, boxes: Ints) -> Mask:
    """Return, for each piece, whether it lies outside the digits' boxes and is larger than dust."""
    if not len(pieces.boxes):
        return np.zeros(0, np.bool_)
    middle = (pieces.boxes[:, :2] + pieces.boxes[:, 2:]) / 2
    size = (pieces.boxes[:, 2:] - pieces.boxes[:, :2]).max(axis=1)
    if not len(boxes):
        return np.asarray(size >= DUST * size.max())
    inside = (middle[:, None] >= boxes[None, :, :2]) & (middle[:, None] <= boxes[None, :, 2:])
    usual_height = compute_median(boxes[:, 3] - boxes[:, 1])
    in_a_digit = np.any(np.all(inside, axis=2), axis=1)
    return np.asarray(~in_a_digit & (size >= DUST * usual_height))


def measure_quality(ink: Ink, boxes: Ints, left_out: Mask) -> PageQuality:
    """Return the measures for digits with these boxes (n, 4), in the ink's pixels."""
    total = float(ink.pieces.areas.sum())
    return PageQuality(
        unexplained=float(ink.pieces.areas[left_out].sum()) / total if total else 0.0,
        cut_off=tuple(_measure_contact(ink.strokes, box) for box in boxes.tolist()),
        visibility=ink.visibility,
    )


def _measure_contact(ink: Grey, box: list[int]) -> float:
    """Return the longest contact with a side of the picture, in widths of the strokes."""
    left, top, right, bottom = box
    own = ink[top:bottom, left:right]
    sides = (
        (top <= 0, own[0]),
        (bottom >= ink.shape[0], own[-1]),
        (left <= 0, own[:, 0]),
        (right >= ink.shape[1], own[:, -1]),
    )
    longest = max((int((side > 0.5).sum()) for touches, side in sides if touches), default=0)
    return longest / measure_stroke_width(own) if longest else 0.0
