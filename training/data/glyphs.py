"""Hershey's stroke fonts (1967): letters and signs as a pen would draw them."""

from functools import cache

import numpy as np
from HersheyFonts import HersheyFonts

from training.data.pen import Stroke


@cache
def font(name: str) -> HersheyFonts:
    fonts = HersheyFonts()
    fonts.load_default_font(name)
    return fonts


def strokes(font_name: str, character: str) -> list[Stroke]:
    """Each (points, 2) of x and y, y downwards."""
    lines = font(font_name).strokes_for_text(character)
    return [np.array(line, float) for line in lines if len(line) > 1]
