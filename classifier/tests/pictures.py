"""Pictures to send."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # the type of the fixture `digits`
Draw = Callable[..., bytes]  # the type of the fixture `draw_digit`
SIDE = 280  # pixels of the square that each digit has


def encode_picture(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def create_paper(width: int, height: int) -> Image.Image:
    return Image.new("L", (width, height), 255)


def draw_number(draw_digit: Draw, digits: str) -> bytes:
    """Return a PNG of real digits side by side, each in a square of SIDE pixels."""
    paper = create_paper(SIDE * len(digits), SIDE)
    for place, digit in enumerate(digits):
        paper.paste(Image.open(BytesIO(draw_digit(int(digit)))), (SIDE * place, 0))
    return encode_picture(paper)
