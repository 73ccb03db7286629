"""Cut the digits out of a line that was read, for the recogniser of single digits."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.normalize import convert_to_mnist, trim
from classifier.recognition.lines.preparation import HEIGHT, prepare_line

PAPER, INK = 0.3, 0.7  # of the darkest strokes, the limits of no ink and full ink
MIN_INK = 0.2  # of the darkest strokes; fainter boxes have no digit
MARGIN = 1.5  # pixels at HEIGHT around a box
MAX_SLANT = 0.6  # dx/dy of handwriting
FRAGMENT = 0.3  # of the largest piece; smaller pieces at the sides are a neighbour's


def cut_digits(
    grey: NDArray[np.generic], boxes: NDArray[np.float32]
) -> list[NDArray[np.uint8] | None]:
    """Return (28, 28) pixels with ink = 255 for each box (n, 4) of a line of grey pixels (h, w).

    The digits are straightened by the slant of the whole line. A box without ink gives None.
    """
    ink = prepare_line(grey)
    scale = np.array([ink.shape[1] / grey.shape[1], HEIGHT / grey.shape[0]] * 2)
    cuts = [_cut_box(ink, box) for box in boxes * scale]
    slants = [measure_slant(cut) for cut in cuts if cut is not None]
    slant = float(np.median(slants)) if slants else 0.0
    return [None if cut is None else convert_to_mnist(_straighten(cut, slant)) for cut in cuts]


def _cut_box(ink: Grey, box: NDArray[np.float64]) -> Grey | None:
    """Return the ink in the box without fragments of the neighbours."""
    left, top = np.floor(np.maximum(box[:2] - MARGIN, 0)).astype(int)
    right, bottom = np.ceil(box[2:] + MARGIN).astype(int)
    region = ink[top : max(bottom, top), left : max(right, left)]
    darkest = float(region.max(initial=0))
    if darkest < MIN_INK:
        return None
    # If a pen runs dry, some digits are fainter than the others of the line.
    scaled = region * (INK / min(darkest, INK))
    cut: Grey = np.clip((scaled - PAPER) / (INK - PAPER), 0, 1).astype(np.float32)
    pieces = find_components(cut > 0.5)
    at_side = (pieces.boxes[:, 0] == 0) | (pieces.boxes[:, 2] == cut.shape[1])
    fragments = np.flatnonzero(at_side & (pieces.areas < FRAGMENT * pieces.areas.max())) + 1
    cut[np.isin(pieces.labels, fragments)] = 0
    return cut


def measure_slant(ink: Grey) -> float:
    """Return dx/-dy of the strokes from the ink's second moments, within ±MAX_SLANT."""
    rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
    total = max(float(ink.sum()), 1e-6)
    y = rows - float((ink * rows).sum()) / total
    x = columns - float((ink * columns).sum()) / total
    slant = -float((ink * x * y).sum()) / max(float((ink * y * y).sum()), 1e-6)
    return float(np.clip(slant, -MAX_SLANT, MAX_SLANT))


def _straighten(ink: Grey, slant: float) -> Grey:
    """Remove the slant, and trim."""
    height, width = ink.shape
    room = int(np.ceil(abs(slant) * height / 2)) + 1
    padded = np.pad(ink, ((0, 0), (room, room)))
    # The output's (x, y) shows the input's (x - slant (y - height / 2), y).
    matrix = (1, -slant, slant * height / 2, 0, 1, 0)
    image = Image.fromarray(padded).transform(
        (width + 2 * room, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    upright: Grey = np.clip(np.asarray(image), 0, 1)
    return trim(np.where(upright > 0.05, upright, 0))
