"""Measures what speaks against an answer as a whole: ink left out, cut off, faint or uneven."""

from dataclasses import dataclass

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Ints, Mask
from classifier.recognition.imaging.components import Components

SEEN = 0.1  # of the usual height: smaller pieces are dust


@dataclass(frozen=True)
class Facts:
    """Measures of doubt, whose use is a calibrated model's.

    `unexplained` is the share of ink in no digit, 0 to 1; `cut_off` of each digit the greatest
    share of a side of its box that it touches the border with, 0 to 1; `visibility` how many times
    the ink exceeds the paper's grain, where 1 can hardly be seen; `left_out` how many pieces that
    are no dust lie in no digit; `spread` the deviation of the logarithms of the digits' heights.
    """

    unexplained: float
    cut_off: tuple[float, ...]
    visibility: float
    left_out: int
    spread: float


def is_left_out(pieces: Components, boxes: Ints) -> Mask:
    """Return which pieces lie in none of the digits' boxes and are no dust, (n,)."""
    if not len(pieces.boxes):
        return np.zeros(0, np.bool_)
    middle = (pieces.boxes[:, :2] + pieces.boxes[:, 2:]) / 2
    size = (pieces.boxes[:, 2:] - pieces.boxes[:, :2]).max(axis=1)
    if not len(boxes):
        return np.asarray(size >= SEEN * size.max())
    inside = (middle[:, None] >= boxes[None, :, :2]) & (middle[:, None] <= boxes[None, :, 2:])
    usual = float(np.median(boxes[:, 3] - boxes[:, 1]))
    in_a_digit = np.any(np.all(inside, axis=2), axis=1)
    return np.asarray(~in_a_digit & (size >= SEEN * usual))


def facts_of(
    ink: Grey, pieces: Components, boxes: Ints, left_out: Mask, visibility: float
) -> Facts:
    """Return the measures for digits with these boxes (n, 4), in the ink's pixels, and the pieces
    that are left out."""
    total = float(pieces.areas.sum())
    high = np.maximum(boxes[:, 3] - boxes[:, 1], 1) if len(boxes) else np.ones(1)
    return Facts(
        unexplained=float(pieces.areas[left_out].sum()) / total if total else 0.0,
        cut_off=tuple(_contact(ink, box) for box in boxes.tolist()),
        visibility=visibility,
        left_out=int(left_out.sum()),
        spread=float(np.log(high).std()),
    )


def _contact(ink: Grey, box: list[int]) -> float:
    """The greatest share of a side along the picture's border that ink covers."""
    left, top, right, bottom = box
    inside = ink[top:bottom, left:right] > 0.5
    sides = (
        (top <= 0, inside[0]),
        (bottom >= ink.shape[0], inside[-1]),
        (left <= 0, inside[:, 0]),
        (right >= ink.shape[1], inside[:, -1]),
    )
    return max((float(side.mean()) for touches, side in sides if touches), default=0.0)
