"""Pictures of several digits in a row."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image

SIDE = 280  # pixels of the square that each digit has


def draw_number(draw_digit: Callable[..., bytes], digits: str) -> bytes:
    """Return a PNG of real digits side by side, each in a square of SIDE pixels."""
    paper = Image.new("L", (SIDE * len(digits), SIDE), 255)
    for place, digit in enumerate(digits):
        paper.paste(Image.open(BytesIO(draw_digit(int(digit)))), (SIDE * place, 0))
    buffer = BytesIO()
    paper.save(buffer, "PNG")
    return buffer.getvalue()
