"""Simulate the printing on a written line, and the camera or scanner that captures it."""

import math

import numpy as np
from PIL import Image, ImageFilter

from classifier.recognition.imaging.arrays import Grey
from training.data.photo_effects import recompress

MIN_PIXELS, MAX_PIXELS = 16, 100  # a photographed line's height


def print_rules(shape: tuple[int, int], digit: float, rng: np.random.Generator) -> Grey:
    """Return printed ink (h, w) around digits in the middle that are `digit` pixels high.

    It may be empty, or have lines at the digits' feet or above their heads, and sides of boxes.
    """
    printed = np.zeros(shape, np.float32)
    y, x = np.ogrid[: shape[0], : shape[1]]
    tilt = rng.normal(0, 0.012)
    rows = []
    if rng.random() < 0.4:
        rows.append(shape[0] / 2 + digit * rng.uniform(0.3, 0.85))
    if rng.random() < 0.15:
        rows.append(shape[0] / 2 - digit * rng.uniform(0.45, 0.9))
    for row in rows:
        distance = np.abs(y - row - tilt * (x - x.mean()))
        drawn = np.clip(rng.uniform(0.8, 2.5) - distance, 0, 1) * rng.uniform(0.15, 0.8)
        printed = np.maximum(printed, drawn)
    if rng.random() < 0.15:
        start, period = rng.uniform(0, 30), rng.uniform(25, 400)
        distance = np.abs((x - start + period / 2) % period - period / 2)
        drawn = np.clip(1.5 - distance, 0, 1) * rng.uniform(0.15, 0.7)
        printed = np.maximum(printed, drawn)
    return printed.astype(np.float32)


def photograph(grey: Grey, rng: np.random.Generator) -> Grey:
    """Capture brightness (h, w), 0 to 1, as grey pixels, 0 to 255, of another size and quality."""
    height = int(np.exp(rng.uniform(math.log(MIN_PIXELS), math.log(MAX_PIXELS))))
    width = max(4, round(grey.shape[1] * height / grey.shape[0]))
    image = Image.fromarray(np.ascontiguousarray(255 * grey, np.float32))
    small = image.resize((width, height), Image.Resampling.BILINEAR)
    noisy = np.asarray(small) + rng.normal(0, rng.uniform(0, 5), (height, width))
    coded: Image.Image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    if rng.random() < 0.6:
        coded = coded.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.1) * height / 50))
    if rng.random() < 0.35:
        coded = recompress(coded, int(rng.integers(30, 95)))
    return np.asarray(coded, np.float32)
