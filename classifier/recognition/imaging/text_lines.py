"""Find the lines of text on a page, each with its own slope and size."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Ints, compute_median
from classifier.recognition.imaging.components import Box, Components, crop_pieces

TALL = 0.5  # of the usual height; lower pieces start no row
LEVEL = 0.3  # of the smaller height, the least overlap of neighbours in a row
REACH = 3.0  # heights of a digit; a wider gap ends a line
MARGIN = 0.15  # of the line's height, around its crop
MAX_SLOPE = 0.2  # rise by run; steeper rows are not levelled


@dataclass(frozen=True, eq=False)
class TextLine:
    """A line of text in the analysed picture: its box (left, top, right, bottom) and its ink.

    The ink, (h, w) from 0 to 1, is levelled and has a margin of paper; its first column is at
    x = `start`.
    """

    box: Box
    ink: Grey
    start: int


def find_text_lines(ink: Grey, pieces: Components) -> list[TextLine]:
    """Return the lines from top to bottom; small pieces belong to the line around them."""
    boxes = pieces.boxes
    if not len(boxes):
        return []
    high = boxes[:, 3] - boxes[:, 1]
    tall = np.flatnonzero(high >= TALL * measure_usual_height(high, pieces.areas))
    rows = _chain_rows(boxes, tall)
    owner = _assign_pieces(boxes, rows)
    lines = [_cut_line(ink, pieces, np.flatnonzero(owner == i), row) for i, row in enumerate(rows)]
    return sorted(lines, key=lambda line: line.box[1] + line.box[3])


def measure_usual_height(high: Ints, areas: Ints) -> float:
    """Return the pieces' median height, weighted by area."""
    order = np.argsort(high)
    reached = np.cumsum(areas[order])
    return float(high[order[np.searchsorted(reached, reached[-1] / 2)]])


def _chain_rows(boxes: Ints, tall: Ints) -> list[list[int]]:
    """Chain tall pieces from left to right, each level with the previous one and near it."""
    rows: list[list[int]] = []
    for i in tall[np.argsort(boxes[tall, 0])].tolist():
        scores = [_measure_fit(boxes[row[-1]], boxes[i]) for row in rows]
        best = int(np.argmax(scores)) if scores else 0
        if scores and scores[best] > LEVEL:
            rows[best].append(i)
        else:
            rows.append([i])
    return rows


def _measure_fit(last: Ints, other: Ints) -> float:
    """Return the share of the smaller height that two boxes share, or 0 if they are far apart."""
    height = float(min(last[3] - last[1], other[3] - other[1]))
    if other[0] - last[2] > REACH * height:
        return 0.0
    shared = float(min(last[3], other[3])) - float(max(last[1], other[1]))
    return shared / height


def _assign_pieces(boxes: Ints, rows: list[list[int]]) -> Ints:
    """Return the row of each piece, or -1 if it is outside all rows."""
    owner = np.full(len(boxes), -1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    for place, row in enumerate(rows):
        slope, offset = _fit_row(boxes[row])
        height = compute_median(boxes[row, 3] - boxes[row, 1])
        off = np.abs(middle[:, 1] - slope * middle[:, 0] - offset)
        left, right = boxes[row, 0].min(), boxes[row, 2].max()
        beside = np.maximum(left - boxes[:, 2], boxes[:, 0] - right)
        owner[(owner < 0) & (off < 0.75 * height) & (beside < height)] = place
        owner[row] = place
    return owner


def _fit_row(boxes: Ints) -> tuple[float, float]:
    """Return the slope and offset of the line through the boxes' middles, by least squares."""
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2
    if np.ptp(x) < 2 * compute_median(boxes[:, 3] - boxes[:, 1]):
        return 0.0, float(y.mean())
    slope, offset = np.polyfit(x, y, 1)
    if abs(slope) > MAX_SLOPE:
        return 0.0, float(y.mean())
    return float(slope), float(offset)


def _cut_line(ink: Grey, pieces: Components, members: Ints, row: list[int]) -> TextLine:
    crop = crop_pieces(pieces, members)
    _, top, _, bottom = crop.box
    margin = max(2, round(MARGIN * (bottom - top)))
    slope, _ = _fit_row(pieces.boxes[row])
    padded = np.pad(ink[crop.window] * (crop.own | crop.blank), margin)
    return TextLine(crop.box, level_row(padded, slope), crop.window[1].start - margin)


def level_row(ink: Grey, slope: float) -> Grey:
    """Shift each column of the ink so that a row of this slope is level."""
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
