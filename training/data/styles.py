"""Draws digits in the handwriting styles of schools outside the United States."""

import numpy as np

from training.data import glyphs, pen
from training.data.images import Images
from training.data.pen import Stroke

# Corners and turning points of each stroke, on a field 10 wide and 16 high, y downwards.
TAUGHT: list[tuple[int, list[list[tuple[float, float]]]]] = [
    (1, [[(2, 5), (6, 0), (6, 16)]]),
    (1, [[(1, 7), (6, 0), (6, 16)]]),
    (1, [[(0, 9), (6, 0), (6, 16)]]),
    (1, [[(1, 5), (5, 0), (4, 16)]]),
    (1, [[(0, 6), (5, 0), (5, 16)]]),
    (1, [[(2, 4), (6, 0), (6, 16)], [(2, 16), (10, 16)]]),
    (1, [[(1, 6), (6, 0), (6, 16)], [(3, 16), (9, 16)]]),
    (7, [[(0, 0), (9, 0), (3, 16)], [(2, 8), (9, 8)]]),
    (7, [[(0, 0), (9, 0), (7, 5), (5, 10), (4, 16)], [(2, 9), (9, 7)]]),
    (7, [[(0, 3), (0, 0), (9, 0), (4, 16)], [(3, 8), (9, 8)]]),
    (7, [[(0, 2), (1, 0), (9, 0), (5, 8), (4, 16)]]),
    (4, [[(6, 0), (0, 11), (10, 11)], [(7, 6), (7, 16)]]),
    (4, [[(7, 16), (7, 0), (0, 11), (10, 11)]]),
    (4, [[(1, 0), (0, 8), (9, 8)], [(8, 0), (8, 16)]]),
    (4, [[(5, 0), (1, 6), (0, 10), (3, 11), (9, 8)], [(7, 5), (5, 16)]]),
    (4, [[(4, 0), (0, 9), (9, 9)], [(6, 5), (4, 16)]]),
    (9, [[(8, 2), (4, 0), (1, 2), (1, 5), (4, 7), (8, 5), (8, 2), (9, 9), (7, 15), (3, 16),
          (0, 14)]]),
    (9, [[(7, 1), (3, 0), (0, 3), (2, 6), (6, 6), (8, 3), (8, 11), (6, 15), (2, 16), (0, 13)]]),
    (9, [[(7, 3), (5, 0), (1, 1), (1, 6), (5, 7), (7, 4), (8, 10), (7, 16), (1, 15), (0, 12)]]),
    (9, [[(8, 4), (6, 0), (2, 0), (0, 4), (2, 8), (6, 8), (8, 4), (8, 12), (5, 16), (1, 15)]]),
    (9, [[(8, 4), (5, 0), (1, 1), (0, 4), (2, 8), (7, 7), (8, 3), (9, 11), (6, 16), (0, 14),
          (1, 12)]]),
    (9, [[(8, 4), (5, 0), (1, 1), (0, 4), (3, 8), (7, 6), (8, 2), (8, 16)]]),
    (6, [[(7, 0), (3, 3), (0, 9), (1, 14), (4, 16), (8, 14), (8, 10), (4, 8), (1, 11)]]),
    (0, [[(5, 0), (1, 3), (0, 8), (1, 13), (5, 16), (9, 13), (10, 8), (9, 3), (5, 0)],
         [(9, 1), (1, 15)]]),
    (2, [[(0, 4), (2, 0), (7, 0), (9, 4), (6, 9), (0, 16), (10, 16)]]),
    (3, [[(1, 0), (9, 0), (4, 6), (8, 8), (9, 12), (6, 16), (0, 14)]]),
    (5, [[(9, 0), (1, 0), (0, 7), (6, 6), (9, 10), (7, 15), (0, 15)]]),
    (8, [[(8, 2), (4, 0), (1, 3), (5, 8), (9, 12), (5, 16), (0, 12), (5, 8), (8, 2)]]),
]  # fmt: skip


def generate_digits(count: int, rng: np.random.Generator) -> Images:
    forms = list_forms()
    chosen = [forms[place] for place in rng.integers(len(forms), size=count)]
    drawings = [
        pen.draw_sign(pen.round_corners(strokes, int(rng.integers(3))), rng)
        for _, strokes in chosen
    ]
    return Images(np.stack(drawings), np.array([digit for digit, _ in chosen], np.uint8))


def list_forms() -> list[tuple[int, list[Stroke]]]:
    """Return digits with their strokes, as schools teach them and as fonts have them."""
    taught = [(digit, [np.array(line, float) for line in lines]) for digit, lines in TAUGHT]
    return 2 * taught + glyphs.list_digits()
