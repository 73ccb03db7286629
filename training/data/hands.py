"""Digits as strokes, in the forms that European and Latin American schools and habits teach."""

import math

import numpy as np

from training.data import glyphs, pen, styles
from training.data.pen import Stroke

FIELD = 16.0  # forms are this high
FONTS = ("futural", "rowmans", "scripts")
MOVED = 0.55  # standard deviation of a corner's place, on the field

# Corners and turning points on a field 10 wide and 16 high, y downwards.
HABITS: list[tuple[int, list[list[tuple[float, float]]]]] = [
    (0, [[(4, 1), (0, 6), (2, 15), (7, 15), (9, 8), (7, 1), (3, 1), (5, 4), (9, 3)]]),
    (0, [[(5, 0), (1, 2), (0, 9), (3, 16), (8, 14), (9, 6), (6, 0), (2, 2)]]),
    (0, [[(6, 1), (1, 3), (1, 13), (6, 16), (10, 10), (8, 2), (5, 1), (10, 0)]]),
    (0, [[(1, 2), (1, 13), (5, 16), (9, 12), (9, 3), (5, 0), (1, 4)]]),
    (1, [[(0, 10), (7, 0), (5, 16)]]),
    (1, [[(0, 12), (8, 0), (4, 16)]]),
    (1, [[(0, 15), (6, 1), (7, 16)]]),
    (1, [[(0, 16), (2, 7), (6, 0), (6, 16)]]),
    (1, [[(7, 0), (3, 16)]]),
    (1, [[(5, 0), (5, 16)]]),
    (1, [[(1, 5), (6, 0), (4, 16), (1, 16), (8, 15)]]),
    (2, [[(1, 3), (4, 0), (8, 2), (7, 7), (2, 14), (1, 16), (3, 13), (6, 15), (10, 15)]]),
    (2, [[(1, 1), (8, 1), (1, 15), (9, 15)]]),
    (2, [[(0, 4), (3, 0), (8, 1), (8, 6), (3, 13), (0, 15), (2, 12), (5, 15), (10, 16)]]),
    (2, [[(1, 4), (2, 1), (6, 0), (8, 3), (6, 9), (1, 15), (0, 16), (5, 15), (9, 16)]]),
    (2, [[(0, 4), (3, 0), (7, 1), (7, 5), (4, 11), (0, 16), (9, 15)]]),
    (2, [[(2, 5), (1, 2), (4, 0), (8, 1), (8, 5), (5, 11), (1, 16), (4, 14), (10, 15)]]),
    (2, [[(3, 4), (1, 3), (2, 0), (6, 0), (8, 3), (5, 9), (0, 16), (9, 16)]]),
    (3, [[(1, 1), (8, 0), (4, 6), (8, 9), (7, 15), (0, 14)]]),
    (3, [[(1, 2), (5, 0), (8, 3), (4, 7), (2, 7), (8, 9), (8, 14), (3, 16), (0, 13)]]),
    (3, [[(0, 1), (9, 1), (3, 7), (9, 9), (8, 16), (1, 16)]]),
    (4, [[(1, 0), (1, 6), (3, 8), (9, 7)], [(9, 0), (7, 16)]]),
    (4, [[(2, 0), (0, 8), (10, 8)], [(8, 3), (5, 16)]]),
    (4, [[(5, 0), (0, 10), (10, 9)], [(7, 5), (5, 16)]]),
    (4, [[(3, 0), (0, 9), (5, 10), (9, 3), (8, 9), (5, 16)]]),
    (4, [[(2, 1), (1, 8), (5, 8), (8, 4), (8, 1), (6, 16)]]),
    (4, [[(4, 0), (1, 8), (2, 10), (9, 9), (10, 9)], [(8, 4), (7, 10), (7, 16)]]),
    (5, [[(10, 0), (4, 1), (3, 14), (0, 10)]]),
    (5, [[(1, 8), (3, 15), (5, 2), (11, 1)]]),
    (5, [[(10, 1), (4, 1), (3, 7), (5, 13), (3, 16), (0, 12)]]),
    (5, [[(9, 1), (4, 0), (2, 4), (5, 8), (8, 12), (4, 16), (0, 14)]]),
    (5, [[(2, 1), (1, 7), (6, 6), (9, 11), (6, 16), (0, 15)], [(2, 1), (10, 0)]]),
    (5, [[(3, 2), (2, 8), (7, 8), (7, 14), (1, 16)], [(4, 1), (11, 0)]]),
    (6, [[(6, 0), (1, 8), (1, 14), (5, 16), (8, 12), (5, 9), (1, 12)]]),
    (6, [[(4, 0), (1, 6), (0, 13), (4, 16), (9, 14), (8, 9), (3, 9), (1, 13)]]),
    (6, [[(8, 1), (3, 4), (0, 12), (3, 16), (7, 15), (7, 11), (2, 11)]]),
    (7, [[(0, 1), (9, 1), (5, 16)], [(1, 8), (9, 7)]]),
    (7, [[(0, 3), (1, 0), (9, 1), (4, 16)], [(1, 9), (9, 7)]]),
    (7, [[(0, 2), (2, 0), (5, 2), (9, 0), (5, 9), (3, 16)], [(2, 9), (8, 8)]]),
    (7, [[(0, 4), (2, 1), (5, 3), (9, 1), (4, 16)], [(1, 9), (4, 8), (9, 9)]]),
    (7, [[(1, 2), (2, 0), (8, 1), (6, 7), (5, 16)]]),
    (8, [[(8, 1), (3, 0), (1, 4), (7, 10), (7, 15), (2, 15), (2, 11), (8, 2)]]),
    (8, [[(5, 7), (1, 4), (3, 0), (7, 0), (8, 4), (4, 7), (0, 12), (3, 16), (8, 14), (7, 9),
          (4, 7)]]),
    (8, [[(9, 2), (5, 0), (2, 3), (6, 8), (9, 13), (5, 16), (1, 13), (6, 7), (10, 1)]]),
    (9, [[(8, 3), (4, 0), (0, 3), (2, 7), (7, 5), (8, 1), (7, 8), (5, 16)]]),
    (9, [[(7, 2), (3, 0), (1, 3), (3, 7), (7, 3), (7, 1), (5, 9), (2, 16)]]),
    (9, [[(2, 16), (3, 7), (2, 2), (5, 0), (9, 2), (8, 6), (4, 8), (2, 6)]]),
    (9, [[(8, 1), (3, 1), (1, 5), (5, 7), (8, 2), (9, 12), (6, 16), (1, 15)]]),
    (9, [[(7, 3), (3, 0), (1, 4), (4, 7), (8, 3), (8, 12), (4, 16), (2, 13), (9, 9)]]),
]  # fmt: skip


class Hands:
    """All forms of each digit, as strokes."""

    def __init__(self) -> None:
        forms = [
            (digit, [np.array(line, float) for line in lines])
            for digit, lines in [*styles.TAUGHT, *HABITS, *HABITS]
        ]
        forms += [(d, glyphs.strokes(name, str(d))) for name in FONTS for d in range(10)]
        self._of = {digit: [lines for d, lines in forms if d == digit] for digit in range(10)}

    def choose(self, digit: int, rng: np.random.Generator) -> list[Stroke]:
        """One form, FIELD high around the origin, as a hasty hand writes it."""
        forms = self._of[digit]
        lines = forms[int(rng.integers(len(forms)))]
        return write_strokes(lines, rng)


def write_strokes(lines: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Strokes in any unit → FIELD high around the origin, or less where they are wide, unsteady."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = FIELD / max(float(high[1] - low[1]), 0.6 * float(high[0] - low[0]), 1e-6)
    placed = [(line - (low + high) / 2) * scale for line in lines]
    rough = [line + rng.normal(0, MOVED, line.shape) for line in placed if len(line) < 14]
    rough += [line for line in placed if len(line) >= 14]
    smooth = pen.round_corners(rough, int(rng.integers(1, 4)))
    return [_wobble(line, rng) for line in smooth]


def _wobble(line: Stroke, rng: np.random.Generator) -> Stroke:
    phase, pace = rng.uniform(0, 2 * math.pi, 2), rng.uniform(0.5, 2, 2)
    along = np.linspace(0, 2 * math.pi, len(line))[:, np.newaxis]
    return line + np.sin(along * pace + phase) * rng.normal(0, 0.35, 2)
