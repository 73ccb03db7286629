"""A pen: strokes drawn with an unsteady hand, as the 28×28 pixels that imaging makes of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from classifier.recognition.imaging.normalize import to_mnist
from training.data.images import Pixels

PAPER = 112
WRITING = 80  # the longer side of what is drawn on the paper
STEP = 3.0
Stroke = NDArray[np.float64]


def written(strokes: Sequence[Stroke], rng: np.random.Generator) -> Pixels:
    """Strokes, each (points, 2) of x and y with y downwards, in any unit → (28, 28), ink = 255."""
    lines = fitted([unsteady(stroke, rng) for stroke in fitted(strokes)])
    return to_mnist(drawn(lines, rng.uniform(4, 14)))


def rounded(strokes: Sequence[Stroke], rounds: int) -> list[Stroke]:
    """Corners cut `rounds` times (Chaikin 1974)."""
    for _ in range(rounds):
        strokes = [_corners_cut(stroke) for stroke in strokes]
    return list(strokes)


def _corners_cut(stroke: Stroke) -> Stroke:
    start, end = stroke[:-1], stroke[1:]
    cut = np.stack([0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end], axis=1)
    return np.concatenate([stroke[:1], cut.reshape(-1, 2), stroke[-1:]])


def fitted(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Moved and scaled to the middle of the paper."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = WRITING / max(float((high - low).max()), 1e-6)
    return [(stroke - (low + high) / 2) * scale + PAPER / 2 for stroke in strokes]


def unsteady(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """The stroke finely divided, with a slow wobble of its own."""
    fine = divided(stroke)
    phase, pace = rng.uniform(0, 2 * math.pi, 2), rng.uniform(0.5, 2, 2)
    along = np.linspace(0, 2 * math.pi, len(fine))[:, np.newaxis]
    wobble = np.sin(along * pace + phase) * rng.normal(0, 2.5, 2)
    return fine + wobble + rng.normal(0, 1.2, 2)


def divided(stroke: Stroke) -> Stroke:
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    reached = np.concatenate([[0], np.cumsum(lengths)])
    places = np.linspace(0, reached[-1], max(2, int(reached[-1] / STEP)))
    return np.stack([np.interp(places, reached, stroke[:, axis]) for axis in (0, 1)], axis=1)


def drawn(strokes: Sequence[Stroke], width: float) -> NDArray[np.float32]:
    """(112, 112) ink, 0…1."""
    image = Image.new("L", (PAPER, PAPER))
    pen, radius = ImageDraw.Draw(image), width / 2
    for stroke in strokes:
        pen.line([tuple(point) for point in stroke], 255, round(width), joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], 255)
    return (np.asarray(image) / 255).astype(np.float32)
