"""Real digits drawn as ink, as files, and how alike two of them are."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.arrays import Pixels

Draw = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def likeness(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The cosine between two pictures of ink."""
    a, b = one.ravel().astype(float), other.ravel().astype(float)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def ink_at(digit: Pixels, size: int) -> NDArray[np.float64]:
    """A digit's ink from 0 to 1, drawn `size` pixels tall."""
    image = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float64) / 255


def encoded(pixels: NDArray[Any], file_format: str = "PNG") -> bytes:
    target = BytesIO()
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    image.save(target, file_format, compress_level=1)  # of a PNG; six takes four times as long
    return target.getvalue()
