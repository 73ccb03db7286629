"""Digits as strokes of a hasty hand."""

import math

import numpy as np

from training.data import glyphs, pen, styles
from training.data.habits import HABITS, UNTAUGHT
from training.data.pen import Stroke

FIELD = 16.0  # forms are this high
FONTS = ("futural", "rowmans", "scripts")
MOVED = (0.3, 0.9)  # standard deviation of a corner's place, on the field
OFTEN = 6  # as often as others, a form comes up that no line reader learned


class Hands:
    """All forms of each digit, as strokes; with `untaught`, also forms that are not learned."""

    def __init__(self, untaught: bool) -> None:
        forms = [
            (digit, [np.array(line, float) for line in lines])
            for digit, lines in [
                *styles.TAUGHT,
                *HABITS,
                *HABITS,
                *UNTAUGHT * (OFTEN * untaught),
            ]
        ]
        forms += [(d, glyphs.strokes(name, str(d))) for name in FONTS for d in range(10)]
        self._of = {digit: [lines for d, lines in forms if d == digit] for digit in range(10)}

    def choose(self, digit: int, place: float, rng: np.random.Generator) -> list[Stroke]:
        """The form at a place from 0 to 1 among those of the digit, FIELD high around the origin,
        as a hasty hand writes it."""
        forms = self._of[digit]
        return write_strokes(forms[int(place * len(forms))], rng)


def write_strokes(lines: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Strokes in any unit → FIELD high around the origin, or less where they are wide, unsteady."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = FIELD / max(float(high[1] - low[1]), 0.6 * float(high[0] - low[0]), 1e-6)
    placed = [(line - (low + high) / 2) * scale for line in lines]
    moved = rng.uniform(*MOVED)
    rough = [line + rng.normal(0, moved, line.shape) for line in placed if len(line) < 14]
    rough += [line for line in placed if len(line) >= 14]
    smooth = pen.round_corners(rough, int(rng.integers(1, 4)))
    return [_wobble(line, rng) for line in smooth]


def _wobble(line: Stroke, rng: np.random.Generator) -> Stroke:
    phase, pace = rng.uniform(0, 2 * math.pi, 2), rng.uniform(0.5, 2, 2)
    along = np.linspace(0, 2 * math.pi, len(line))[:, np.newaxis]
    return line + np.sin(along * pace + phase) * rng.normal(0, 0.35, 2)
