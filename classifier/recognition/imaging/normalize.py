"""Convert one digit's ink to MNIST's format: its size, position and stroke width."""

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Pixels, find_bounds
from classifier.recognition.imaging.morphology import grow, reduce_by_max

SIDE = 28
BOX = 20  # LeCun et al. (1998): digits fit a 20 by 20 box, centred by mass in 28 by 28
# 95 % of MNIST's digits have a stroke width in this range, in pixels.
MIN_STROKE_WIDTH, MAX_STROKE_WIDTH = 1.7, 3.4
FINE = 4  # strokes are changed at this multiple of BOX, where their steps are fine


def convert_to_mnist(ink: Grey) -> Pixels:
    """Return the digit of `ink`, which must hold only one, as (28, 28) pixels with ink = 255."""
    fitted = fit_box(normalize_stroke(trim(ink)))
    return np.round(np.clip(centre(fitted), 0, 1) * 255).astype(np.uint8)


def trim(ink: Grey) -> Grey:
    return ink[find_bounds(ink != 0)]


def resize(ink: Grey, long_side: int) -> Grey:
    """Resize the ink to a longer side of `long_side` pixels."""
    scale = long_side / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    # Lanczos's kernel blurs an enlarged thumbnail least, but rings, so the values are clipped.
    image = Image.fromarray(ink).resize((width, height), Image.Resampling.LANCZOS)
    sharp: Grey = np.clip(np.asarray(image), 0, 1)
    return sharp


def fit_box(ink: Grey) -> Grey:
    return resize(ink, BOX) if max(ink.shape) != BOX else ink


def measure_stroke_width(ink: Grey) -> float:
    """Return the mean width of the strokes.

    A ribbon's area is half its outline times its width. The outline's length is the total
    variation, which needs no threshold.
    """
    padded = np.zeros((ink.shape[0] + 2, ink.shape[1] + 2), ink.dtype)
    padded[1:-1, 1:-1] = ink
    first = padded[:-1, :-1]
    down, across = padded[1:, :-1] - first, padded[:-1, 1:] - first
    return 2 * float(ink.sum()) / max(float(np.sqrt(down * down + across * across).sum()), 1e-6)


def normalize_stroke(ink: Grey) -> Grey:
    """Thicken or thin the ink, if necessary, to a stroke width that occurs in MNIST."""
    relative = BOX * measure_stroke_width(ink) / max(ink.shape)
    target = min(max(relative, MIN_STROKE_WIDTH), MAX_STROKE_WIDTH)
    if target == relative:
        return ink
    # Averaging would erase a very thin line; the maximum of each block preserves it.
    block = max(max(ink.shape) // (BOX * FINE), 1)
    fine = resize(reduce_by_max(ink, (block, block)), BOX * FINE)
    width = measure_stroke_width(fine)
    # Growth by r makes the stroke w + 2r wide and the digit l + 2r long.
    growth = (target * max(fine.shape) - BOX * width) / (2 * (BOX - target))
    return trim(grow(np.pad(fine, 1 + int(max(growth, 0))), growth))


def centre(ink: Grey) -> Grey:
    """Place the ink on MNIST's field, with its centre of mass in the middle, by whole pixels."""
    field = np.zeros((SIDE, SIDE), np.float32)
    top, left = (_find_start(ink.sum(axis=1 - axis)) for axis in (0, 1))
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def _find_start(profile: Grey) -> int:
    """Return the start that puts the profile's mean in the middle and keeps all of it inside."""
    mean = float(profile @ np.arange(len(profile))) / float(profile.sum())
    return min(max(round(SIDE / 2 - mean), 0), SIDE - len(profile))
