"""Read the digits in given boxes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging import Box, Picture
from classifier.recognition.imaging.arrays import Mask, Pixels, find_bounds
from classifier.recognition.imaging.components import Components
from classifier.recognition.imaging.ink import Ink, find_ink
from classifier.recognition.imaging.normalize import convert_to_mnist
from classifier.recognition.imaging.split import STROKE
from classifier.recognition.reading import ReadDigit
from classifier.recognition.recognizer import Recognizer

INTRUDER = 0.15  # of a piece's area, the most that reaches into a neighbour's box


def read_boxes(
    picture: Picture, boxes: Sequence[Box], recognizer: Recognizer, ink: Ink | None = None
) -> list[ReadDigit | None]:
    """Recognise one digit in each box of the upright original; None for a box without ink.

    The picture's ink is found if it is not passed.
    """
    ink = ink or find_ink(picture.pixels)
    cuts = [_cut_box(ink, _scale_box(box, picture, ink)) for box in boxes]
    recognitions = iter(recognizer.recognize(cut for cut in cuts if cut is not None))
    return [
        None if cut is None else ReadDigit(cut, box, next(recognitions))
        for cut, box in zip(cuts, boxes, strict=True)
    ]


def _scale_box(box: Box, picture: Picture, ink: Ink) -> tuple[slice, slice]:
    """Return the rows and columns of the ink that a box of the original touches."""
    height, width = ink.strokes.shape
    x, y = width / picture.width, height / picture.height
    rows = slice(int(box[1] * y), int(np.ceil((box[1] + box[3]) * y)))
    return rows, slice(int(box[0] * x), int(np.ceil((box[0] + box[2]) * x)))


def _cut_box(ink: Ink, window: tuple[slice, slice]) -> Pixels | None:
    """Return the digit in MNIST's format, without strokes that reach in from outside the box."""
    labels = ink.pieces.labels[window]
    own = (labels > 0) & ~_is_intruder(ink.pieces, labels)
    if not own.any():
        own = labels > 0
    strokes = np.where(own | (labels == 0), ink.strokes[window], 0)
    if not (strokes[own] > STROKE).any():
        return None
    # A margin of one pixel holds the soft edges of the own strokes, and none of others.
    rows, columns = (slice(max(each.start - 1, 0), each.stop + 1) for each in find_bounds(own))
    return convert_to_mnist(strokes[rows, columns])


def _is_intruder(pieces: Components, labels: NDArray[np.int32]) -> Mask:
    inside = np.bincount(labels.ravel(), minlength=len(pieces.areas) + 1)
    intruders = np.flatnonzero(inside[1:] < INTRUDER * pieces.areas) + 1
    return np.isin(labels, intruders)
