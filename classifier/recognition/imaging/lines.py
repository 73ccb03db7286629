"""Gathers a page's ink into lines of text, each with a slope and a size of its own."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Ints, Mask
from classifier.recognition.imaging.components import Components
from classifier.recognition.imaging.segment import Box

TALL = 0.5  # of the tallest piece: what counts as a digit when rows are sought
LEVEL = 0.3  # of the lower one's height, which neighbours in a row share
REACH = 3.0  # heights of a digit: a wider gap ends a line
MARGIN = 0.15  # of the line's height, left around its crop
STEEPEST = 0.2  # of a line's length; steeper rows are not levelled


@dataclass(frozen=True, eq=False)
class TextLine:
    """A line of text: its box (left, top, right, bottom) and `slope`, in pixels of the analysed
    picture, and its ink, (h, w) from 0 to 1, levelled and with a margin of paper, whose first
    column lies at x = `start`."""

    box: Box
    slope: float
    ink: Grey
    start: int


def find_text_lines(ink: Grey, pieces: Components) -> list[TextLine]:
    """Return the lines from top to bottom; small pieces belong to the line that they lie in."""
    boxes = pieces.boxes
    if not len(boxes):
        return []
    high = boxes[:, 3] - boxes[:, 1]
    tall = np.flatnonzero(high >= TALL * _usual(high, pieces.areas))
    rows = _rows(boxes, tall)
    owner = _owners(boxes, rows)
    found = [_line(ink, pieces, np.flatnonzero(owner == i), row) for i, row in enumerate(rows)]
    return sorted(found, key=lambda line: line.box[1] + line.box[3])


def _usual(high: Ints, areas: Ints) -> float:
    """The height that half the ink's pieces exceed, by their area."""
    order = np.argsort(high)
    reached = np.cumsum(areas[order])
    return float(high[order[np.searchsorted(reached, reached[-1] / 2)]])


def _rows(boxes: Ints, tall: Ints) -> list[list[int]]:
    """Chains of tall pieces from left to right, each level with the last one and near to it."""
    rows: list[list[int]] = []
    for i in tall[np.argsort(boxes[tall, 0])].tolist():
        scores = [_fit(boxes[row[-1]], boxes[i]) for row in rows]
        best = int(np.argmax(scores)) if scores else 0
        if scores and scores[best] > LEVEL:
            rows[best].append(i)
        else:
            rows.append([i])
    return rows


def _fit(last: Ints, other: Ints) -> float:
    """The share of height that two boxes have in common, or 0 where they are far apart."""
    height = float(min(last[3] - last[1], other[3] - other[1]))
    if other[0] - last[2] > REACH * height:
        return 0.0
    shared = float(min(last[3], other[3])) - float(max(last[1], other[1]))
    return shared / height


def _owners(boxes: Ints, rows: list[list[int]]) -> Ints:
    """The row of each piece, or -1 for what lies beside all of them."""
    owner = np.full(len(boxes), -1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    for place, row in enumerate(rows):
        slope, offset = _baseline(boxes[row])
        height = float(np.median(boxes[row, 3] - boxes[row, 1]))
        off = np.abs(middle[:, 1] - slope * middle[:, 0] - offset)
        left, right = boxes[row, 0].min(), boxes[row, 2].max()
        beside = np.maximum(left - boxes[:, 2], boxes[:, 0] - right)
        owner[(owner < 0) & (off < 0.75 * height) & (beside < height)] = place
        owner[row] = place
    return owner


def _baseline(boxes: Ints) -> tuple[float, float]:
    """The slope and offset of the line through the boxes' middles, by least squares."""
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2
    if np.ptp(x) < 2 * np.median(boxes[:, 3] - boxes[:, 1]):
        return 0.0, float(y.mean())
    slope, offset = np.polyfit(x, y, 1)
    if abs(slope) > STEEPEST:
        return 0.0, float(y.mean())
    return float(slope), float(offset)


def _line(ink: Grey, pieces: Components, members: Ints, row: list[int]) -> TextLine:
    own = pieces.boxes[members]
    left, top = (int(v) for v in own[:, :2].min(axis=0))
    right, bottom = (int(v) for v in own[:, 2:].max(axis=0))
    slope, _ = _baseline(pieces.boxes[row])
    margin = max(2, round(MARGIN * (bottom - top)))
    window = np.s_[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1]
    wanted: Mask = np.zeros(len(pieces.areas) + 1, np.bool_)
    wanted[members + 1] = True
    mine = wanted[pieces.labels[window]] | (pieces.labels[window] == 0)
    crop = levelled(np.pad(ink[window] * mine, margin), slope)
    return TextLine((left, top, right, bottom), slope, crop, max(left - 1, 0) - margin)


def levelled(ink: Grey, slope: float) -> Grey:
    """Return the ink with each column moved so that a row of this slope is level."""
    if abs(slope) * ink.shape[1] < 1:
        return ink
    height, width = ink.shape
    rise = abs(slope) * width
    size = width, height + round(rise)
    start = min(0.0, slope * width)
    image = Image.fromarray(ink).transform(
        size,
        Image.Transform.AFFINE,
        (1, 0, 0, slope, 1, start),
        Image.Resampling.BILINEAR,
    )
    level = np.asarray(image)
    rows = np.flatnonzero(level.any(axis=1))
    if not len(rows):
        return ink
    margin = max(2, round(MARGIN * (rows[-1] - rows[0])))
    trimmed: Grey = np.pad(level[rows[0] : rows[-1] + 1], ((margin, margin), (0, 0)))
    return trimmed
