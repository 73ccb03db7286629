"""Digits as the strokes of hasty handwriting."""

import numpy as np

from training.data import glyphs, pen
from training.data.forms import list_forms
from training.data.pen import Stroke

FIELD = 16.0  # height of a form
CORNER_JITTER = (0.3, 0.9)  # range of standard deviations, in units of the field
WOBBLE = 0.35  # standard deviation, in units of the field
UNTAUGHT_WEIGHT = 6  # how often untaught forms occur, relative to others


class DigitForms:
    """All forms of each digit as strokes, with `untaught` also those not used in training."""

    def __init__(self, untaught: bool) -> None:
        forms = [
            *list_forms("taught"),
            *2 * list_forms("habits"),
            *UNTAUGHT_WEIGHT * untaught * list_forms("untaught"),
            *glyphs.list_digits(),
        ]
        self._forms = {digit: [lines for d, lines in forms if d == digit] for digit in range(10)}

    def write_digit(self, digit: int, place: float, rng: np.random.Generator) -> list[Stroke]:
        """Return a digit in hasty handwriting, FIELD high and centred on the origin.

        `place`, from 0 to 1, selects one of the digit's forms.
        """
        forms = self._forms[digit]
        return write_strokes(forms[int(place * len(forms))], rng)


def write_strokes(lines: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Scale strokes to FIELD high around the origin, or less if they are wide, and shake them."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = FIELD / max(float(high[1] - low[1]), 0.6 * float(high[0] - low[0]), 1e-6)
    placed = [(line - (low + high) / 2) * scale for line in lines]
    deviation = rng.uniform(*CORNER_JITTER)
    rough = [line + rng.normal(0, deviation, line.shape) for line in placed if len(line) < 14]
    rough += [line for line in placed if len(line) >= 14]
    smooth = pen.round_corners(rough, int(rng.integers(1, 4)))
    return [pen.add_wobble(line, WOBBLE, rng) for line in smooth]
