"""Tiles of ink with one digit or sign, from MNIST or drawn by a simulated pen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from classifier.recognition.imaging.arrays import Grey, find_bounds
from classifier.recognition.lines.second_opinion import measure_slant
from training.data import digit_forms
from training.data.digit_forms import DigitForms, write_strokes
from training.data.images import Images
from training.data.pen import Stroke

Matrix = NDArray[np.float64]
UNIT = 48  # pixels of a digit's height in a composed line
MNIST_BOX = 20  # pixels of a digit's height in MNIST
FINE = 2  # multiple of the size at which pens draw


@dataclass(frozen=True)
class Handwriting:
    """The handwriting of one line.

    `slant` is dx/dy of the stems, `pen` the stroke's width in pixels, and `threshold` the grey, 0
    to 1, from which MNIST's pixels are ink, so that low is thick. `mnist_share` is the probability
    that a digit is copied from MNIST. `habits` select, from 0 to 1, the usual form of each digit,
    and `regularity` is the probability that a digit has it.
    """

    slant: float
    aspect: float
    pen: float
    threshold: float
    mnist_share: float
    size_jitter: float
    tilt_jitter: float
    habits: tuple[float, ...]
    regularity: float


def choose_handwriting(rng: np.random.Generator) -> Handwriting:
    return Handwriting(
        slant=float(rng.normal(0.15, 0.26)),
        aspect=float(np.exp(rng.normal(0, 0.14))),
        pen=float(np.exp(rng.uniform(math.log(2), math.log(9)))),
        threshold=float(rng.uniform(0.22, 0.72)),
        mnist_share=float(rng.choice([0, 0.5, 1], p=[0.35, 0.3, 0.35])),
        size_jitter=float(rng.uniform(0.02, 0.14)),
        tilt_jitter=float(rng.uniform(0.01, 0.1)),
        habits=tuple(rng.random(10).tolist()),
        regularity=float(rng.choice([0, 0.8])),
    )


class Writer:
    """A writer of digits and signs, who may copy the MNIST digits `images`.

    With `include_held_out`, the digits include forms that are not used in training.
    """

    def __init__(self, images: Images, include_held_out: bool) -> None:
        self._pixels = {digit: images.pixels[images.labels == digit] for digit in range(10)}
        self._forms = DigitForms(include_held_out)

    def draw_digit(self, digit: int, hand: Handwriting, rng: np.random.Generator) -> Grey:
        """Return the digit's trimmed ink, 0 to 1, about UNIT high."""
        size = UNIT * float(np.exp(rng.normal(0, hand.size_jitter)))
        if digit == 1:
            size *= float(np.exp(rng.normal(0.03, 0.12)))
        if digit == 0:
            hand = replace(hand, aspect=hand.aspect * float(np.exp(rng.normal(0.08, 0.22))))
        if rng.random() < hand.mnist_share and len(self._pixels[digit]):
            pool = self._pixels[digit]
            return _copy_mnist(pool[rng.integers(len(pool))], size, hand, rng)
        is_usual = rng.random() < hand.regularity
        position = hand.habits[digit] if is_usual else float(rng.random())
        strokes = self._forms.write_digit(digit, position, rng)
        return draw_tile(strokes, choose_matrix(size / digit_forms.HEIGHT, hand, rng), hand.pen)

    def draw_sign(
        self, lines: list[Stroke], height: float, hand: Handwriting, rng: np.random.Generator
    ) -> Grey:
        """Return a sign of the same pen, `height` pixels high, or wide if it is wider."""
        strokes = write_strokes(lines, rng)
        return draw_tile(strokes, choose_matrix(height / digit_forms.HEIGHT, hand, rng), hand.pen)


def choose_matrix(
    scale: float, hand: Handwriting, rng: np.random.Generator, own_slant: float = 0.0
) -> Matrix:
    """Return a (2, 2) matrix for (x, y) that scales, slants by the hand, and turns a little."""
    wide = scale * hand.aspect * float(np.exp(rng.normal(0, 0.1)))
    slant = hand.slant + float(rng.normal(0, 0.07)) - own_slant
    turn = float(rng.normal(0, hand.tilt_jitter))
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    placed: Matrix = turned @ np.array([[wide, -slant * scale], [0, scale]])
    return placed


def _copy_mnist(
    pixels: NDArray[np.uint8], size: float, hand: Handwriting, rng: np.random.Generator
) -> Grey:
    ink = (pixels / 255).astype(np.float32)
    matrix = choose_matrix(size / MNIST_BOX, hand, rng, 0.8 * measure_slant(ink))
    side = int(size * 2.4)
    inverse = np.linalg.inv(matrix)
    start = np.array([13.5, 13.5]) - inverse @ np.array([side / 2, side / 2]) + 0.5
    data = (*inverse[0], start[0], *inverse[1], start[1])
    image = Image.fromarray(ink).transform(
        (side, side), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC
    )
    soft = np.clip((np.asarray(image) - hand.threshold) * 4 + 0.5, 0, 1)
    return trim(soft.astype(np.float32))


def draw_tile(strokes: Sequence[Stroke], matrix: Matrix, width: float) -> Grey:
    """Draw strokes, transformed by the matrix, with a pen `width` pixels wide; trim the tile."""
    placed = [stroke @ matrix.T * FINE for stroke in strokes]
    points = np.concatenate(placed)
    margin = width * FINE + 2
    low = points.min(axis=0) - margin
    across, down = np.ceil((points.max(axis=0) + margin - low) / FINE).astype(int)
    image = Image.new("L", (int(across) * FINE, int(down) * FINE))
    pen, radius = ImageDraw.Draw(image), width * FINE / 2
    for stroke in placed:
        dots = [(float(x), float(y)) for x, y in stroke - low]
        pen.line(dots, 255, max(1, round(width * FINE)), joint="curve" if width > 4 else None)
        for x, y in (dots[0], dots[-1]):
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], 255)
    small = image.reduce(FINE).filter(ImageFilter.BoxBlur(0.5))
    return trim((np.asarray(small) / 255).astype(np.float32))


def trim(ink: Grey) -> Grey:
    """Crop to the ink; a tile without ink becomes a single pixel."""
    dark = ink > 0.3
    return ink[find_bounds(dark)] if dark.any() else np.ones((1, 1), np.float32)
