"""Single digits cut out of a line that was read, for a recogniser of 28×28 pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.normalize import to_mnist, trim
from classifier.recognition.line_image import HEIGHT, Grey, prepare_line

PAPER, INK = 0.3, 0.7  # of the darkest strokes: paler is none, darker is whole
FAINTEST = 0.2  # of the darkest strokes; a digit without any of this is none
AROUND = 1.5  # pixels at HEIGHT left around a box
STEEPEST = 0.6  # dx/dy that a hand slants
FRAGMENT = 0.3  # of the largest piece; smaller ones at the sides are a neighbour's


def cut_digits(
    grey: NDArray[np.generic], boxes: NDArray[np.float32]
) -> list[NDArray[np.uint8] | None]:
    """(h, w) grey pixels of a line and its (n, 4) boxes → (28, 28) pixels each, ink = 255.

    The digits are cut upright, by the slant of the whole line. None where a box holds no ink.
    """
    ink = prepare_line(grey)
    scale = np.array([ink.shape[1] / grey.shape[1], HEIGHT / grey.shape[0]] * 2)
    cuts = [_cut(ink, box) for box in boxes * scale]
    slants = [measure_slant(cut) for cut in cuts if cut is not None]
    slant = float(np.median(slants)) if slants else 0.0
    return [None if cut is None else to_mnist(_upright(cut, slant)) for cut in cuts]


def _cut(ink: Grey, box: NDArray[np.float64]) -> Grey | None:
    """The ink in the box, without what reaches in from the sides."""
    left, top = np.floor(np.maximum(box[:2] - AROUND, 0)).astype(int)
    right, bottom = np.ceil(box[2:] + AROUND).astype(int)
    region = ink[top : max(bottom, top), left : max(right, left)]
    darkest = float(region.max(initial=0))
    if darkest < FAINTEST:
        return None
    # A pen that runs dry leaves digits fainter than the others of its line.
    scaled = region * (INK / min(darkest, INK))
    cut: Grey = np.clip((scaled - PAPER) / (INK - PAPER), 0, 1).astype(np.float32)
    found = find_components(cut > 0.5)
    boxes, width = found.boxes, cut.shape[1]
    outside = (boxes[:, 0] == 0) | (boxes[:, 2] == width)
    fragments = np.flatnonzero(outside & (found.areas < FRAGMENT * found.areas.max())) + 1
    cut[np.isin(found.labels, fragments)] = 0
    return cut


def measure_slant(ink: Grey) -> float:
    """dx/-dy of the strokes by the ink's second moments, within ±STEEPEST."""
    rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
    total = max(float(ink.sum()), 1e-6)
    y = rows - float((ink * rows).sum()) / total
    x = columns - float((ink * columns).sum()) / total
    slant = -float((ink * x * y).sum()) / max(float((ink * y * y).sum()), 1e-6)
    return float(np.clip(slant, -STEEPEST, STEEPEST))


def _upright(ink: Grey, slant: float) -> Grey:
    """The digit without its slant, trimmed."""
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
