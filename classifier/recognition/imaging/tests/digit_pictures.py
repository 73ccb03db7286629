"""Draw real digits, encode them as files, and compare them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.arrays import Pixels

Draw = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def measure_similarity(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the cosine between two pictures of ink."""
    a, b = one.ravel().astype(float), other.ravel().astype(float)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def draw_ink(digit: Pixels, size: int) -> NDArray[np.float64]:
    """Return a digit's ink, 0 to 1, `size` pixels high."""
    image = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float64) / 255


def encode_picture(pixels: NDArray[Any], file_format: str = "PNG") -> bytes:
    target = BytesIO()
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    image.save(target, file_format, compress_level=1)  # four times faster than the default
    return target.getvalue()
