"""Brings one digit's ink to MNIST's format: its box, its centre of mass, its stroke width."""

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey, Pixels
from classifier.recognition.imaging.morphology import block_max, grown

SIDE = 28
BOX = 20  # LeCun et al. (1998): digits fit a 20 by 20 box, centred by mass in 28 by 28
# Ninety-five of a hundred MNIST digits' stroke widths lie within this range.
THINNEST, THICKEST = 1.7, 3.4
FINE = 4  # thickness is changed at this multiple of BOX, so that its steps stay fine


def to_mnist(ink: Grey) -> Pixels:
    """The digit of `ink`, which holds no other, as 28 by 28 pixels with ink bright."""
    fitted = to_box(with_usual_stroke(trim(ink)))
    return np.round(np.clip(centred(fitted), 0, 1) * 255).astype(np.uint8)


def trim(ink: Grey) -> Grey:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def resized(ink: Grey, long_side: int) -> Grey:
    """The ink with its longer side brought to `long_side` pixels."""
    scale = long_side / max(ink.shape)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    # Lanczos's kernel blurs an enlarged thumbnail least, but rings.
    image = Image.fromarray(ink).resize((width, height), Image.Resampling.LANCZOS)
    sharp: Grey = np.clip(np.asarray(image), 0, 1)
    return sharp


def to_box(ink: Grey) -> Grey:
    return resized(ink, BOX) if max(ink.shape) != BOX else ink


def stroke_width(ink: Grey) -> float:
    """The mean width of the strokes: a ribbon's area is half its outline times its width.

    The outline's length is the total variation, which needs no threshold.
    """
    padded = np.pad(ink, 1)
    down, across = np.diff(padded, axis=0)[:, :-1], np.diff(padded, axis=1)[:-1]
    return 2 * float(ink.sum()) / max(float(np.sqrt(down * down + across * across).sum()), 1e-6)


def with_usual_stroke(ink: Grey) -> Grey:
    """The ink thickened or thinned, if need be, to a width that MNIST's writers used."""
    relative = BOX * stroke_width(ink) / max(ink.shape)
    target = float(np.clip(relative, THINNEST, THICKEST))
    if target == relative:
        return ink
    # Averaging would fade a hair-thin line away; the greatest of each block keeps it whole.
    fine = resized(block_max(ink, max(ink.shape) // (BOX * FINE)), BOX * FINE)
    width = stroke_width(fine)
    # Growing by r on each side makes the stroke w + 2r of a digit now l + 2r long.
    grow = (target * max(fine.shape) - BOX * width) / (2 * (BOX - target))
    return trim(grown(np.pad(fine, 1 + int(max(grow, 0))), grow))


def centred(ink: Grey) -> Grey:
    """The ink on MNIST's field, moved by whole pixels to put its centre of mass in the middle."""
    field = np.zeros((SIDE, SIDE), np.float32)
    top, left = (_start(ink.sum(axis=1 - axis)) for axis in (0, 1))
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def _start(profile: Grey) -> int:
    """Where to begin so that the profile's mean falls on the middle, all of it inside."""
    mean = float(profile @ np.arange(len(profile))) / float(profile.sum())
    return int(np.clip(round(SIDE / 2 - mean), 0, SIDE - len(profile)))
