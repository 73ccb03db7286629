"""Draws digits as schools outside the United States teach them, and as they are printed."""

import numpy as np

from training.data import glyphs, pen, typefaces
from training.data.forms import list_forms
from training.data.images import Images

PRINTED_SHARE = 0.2


def generate_digits(count: int, rng: np.random.Generator) -> Images:
    # As schools teach them and as fonts have them.
    forms = [*2 * list_forms("schools"), *glyphs.list_digits()]
    chosen = [forms[index] for index in rng.integers(len(forms), size=count)]
    drawings = [
        typefaces.draw_digit(digit, rng)
        if rng.random() < PRINTED_SHARE
        else pen.draw_sign(pen.round_corners(strokes, int(rng.integers(3))), rng)
        for digit, strokes in chosen
    ]
    return Images(np.stack(drawings), np.array([digit for digit, _ in chosen], np.uint8))
