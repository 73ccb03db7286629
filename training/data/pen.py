"""Draws strokes with an unsteady pen."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.imaging.normalize import convert_to_mnist

PAPER = 112
WRITING = 80  # pixels of the longer side of the drawing
STEP = 3.0
WOBBLE = 2.5  # pixels
Stroke = NDArray[np.float64]
"""Points (N, 2): x, and y downwards."""


def draw_sign(strokes: Sequence[Stroke], rng: np.random.Generator) -> Pixels:
    """Return strokes, in any unit, as the (28, 28) pixels, ink = 255, that imaging would make."""
    lines = fit_to_paper([add_tremor(stroke, rng) for stroke in fit_to_paper(strokes)])
    return convert_to_mnist(draw_strokes(lines, rng.uniform(4, 14)))


def convert_drawing(image: Image.Image) -> Pixels:
    """Return a grey drawing, ink = 255, as the (28, 28) pixels that imaging would make."""
    return convert_to_mnist((np.asarray(image) / 255).astype(np.float32))


def round_corners(strokes: Sequence[Stroke], rounds: int) -> list[Stroke]:
    """Cut the corners `rounds` times (Chaikin 1974)."""
    for _ in range(rounds):
        strokes = [_cut_corners(stroke) for stroke in strokes]
    return list(strokes)


def _cut_corners(stroke: Stroke) -> Stroke:
    start, end = stroke[:-1], stroke[1:]
    cut = np.stack([0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end], axis=1)
    return np.concatenate([stroke[:1], cut.reshape(-1, 2), stroke[-1:]])


def fit_to_paper(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Move and scale the strokes to the middle of the paper."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = WRITING / max(float((high - low).max()), 1e-6)
    return [(stroke - (low + high) / 2) * scale + PAPER / 2 for stroke in strokes]


def add_tremor(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """Divide the stroke finely and add a slow random wobble."""
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    distances = np.concatenate([[0], np.cumsum(lengths)])
    positions = np.linspace(0, distances[-1], max(2, int(distances[-1] / STEP)))
    fine = np.stack([np.interp(positions, distances, stroke[:, axis]) for axis in (0, 1)], axis=1)
    return add_wobble(fine, WOBBLE, rng) + rng.normal(0, 1.2, 2)


def add_wobble(line: Stroke, size: float, rng: np.random.Generator) -> Stroke:
    """Add a slow wave to a line, with a random extent of standard deviation `size`."""
    phase, pace = rng.uniform(0, 2 * math.pi, 2), rng.uniform(0.5, 2, 2)
    along = np.linspace(0, 2 * math.pi, len(line))[:, np.newaxis]
    return line + np.sin(along * pace + phase) * rng.normal(0, size, 2)


def draw_strokes(strokes: Sequence[Stroke], width: float) -> NDArray[np.float32]:
    """Return (112, 112) ink, 0 to 1."""
    image = Image.new("L", (PAPER, PAPER))
    pen, radius = ImageDraw.Draw(image), width / 2
    for stroke in strokes:
        pen.line([tuple(point) for point in stroke], 255, round(width), joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], 255)
    return (np.asarray(image) / 255).astype(np.float32)
