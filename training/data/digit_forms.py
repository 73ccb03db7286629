"""Digits as the strokes of hasty handwriting."""

import numpy as np

from training.data import glyphs, pen
from training.data.forms import list_forms
from training.data.pen import Stroke

HEIGHT = 16.0  # of a form
CORNER_JITTER = (0.3, 0.9)  # range of standard deviations, in units of a form
WOBBLE = 0.35  # standard deviation, in units of a form
HELD_OUT_WEIGHT = 6  # how often held-out forms occur, relative to others


class DigitForms:
    """All forms of each digit as strokes, also those for calibration if `include_held_out`."""

    def __init__(self, include_held_out: bool) -> None:
        forms = [
            *list_forms("schools"),
            *2 * list_forms("habits"),
            *HELD_OUT_WEIGHT * include_held_out * list_forms("held_out"),
            *glyphs.list_digits(),
        ]
        self._forms = {digit: [lines for d, lines in forms if d == digit] for digit in range(10)}

    def write_digit(self, digit: int, position: float, rng: np.random.Generator) -> list[Stroke]:
        """Return a digit in hasty handwriting, HEIGHT high and centred on the origin.

        `position`, from 0 to 1, selects one of the digit's forms.
        """
        forms = self._forms[digit]
        return write_strokes(forms[int(position * len(forms))], rng)


def write_strokes(lines: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Scale strokes to HEIGHT around the origin, wide ones to less, and make them unsteady."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = HEIGHT / max(float(high[1] - low[1]), 0.6 * float(high[0] - low[0]), 1e-6)
    placed = [(line - (low + high) / 2) * scale for line in lines]
    deviation = rng.uniform(*CORNER_JITTER)
    rough = [line + rng.normal(0, deviation, line.shape) for line in placed if len(line) < 14]
    rough += [line for line in placed if len(line) >= 14]
    smooth = pen.round_corners(rough, int(rng.integers(1, 4)))
    return [pen.add_wobble(line, WOBBLE, rng) for line in smooth]
