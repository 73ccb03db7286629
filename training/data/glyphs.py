"""Letters and signs as strokes, from Hershey's fonts (1967)."""

from functools import cache

import numpy as np
from HersheyFonts import HersheyFonts

from training.data.pen import Stroke

FONTS = ("futural", "rowmans", "scripts")  # with digits as people write them


@cache
def load_font(name: str) -> HersheyFonts:
    fonts = HersheyFonts()
    fonts.load_default_font(name)
    return fonts


def get_strokes(font_name: str, character: str) -> list[Stroke]:
    lines = load_font(font_name).strokes_for_text(character)
    return [np.array(line, float) for line in lines if len(line) > 1]


def list_digits() -> list[tuple[int, list[Stroke]]]:
    """Return the digits of all FONTS with their strokes."""
    return [(digit, get_strokes(name, str(digit))) for name in FONTS for digit in range(10)]
