"""Digits are cut out of a line and converted to MNIST's format."""

import numpy as np

from classifier.recognition.lines.second_opinion import cut_digits, measure_slant


def test_stroke_of_neighbour_is_removed() -> None:
    grey = np.full((32, 80), 220.0)
    grey[6:26, 20:23] = 40  # the digit
    grey[14:17, 26:60] = 40  # a stroke that ends next to it
    (digit,) = cut_digits(grey, np.array([[18, 5, 27, 27]], np.float32))
    assert digit is not None
    columns = np.flatnonzero((digit > 128).any(axis=0))
    assert columns[-1] - columns[0] < 5


def test_box_without_ink_gives_none() -> None:
    grey = np.full((32, 80), 220.0)
    grey[6:26, 20:23] = 40
    assert cut_digits(grey, np.array([[50, 5, 60, 27]], np.float32)) == [None]


def test_faint_digit_of_dry_pen_is_cut() -> None:
    grey = np.full((32, 80), 220.0)
    grey[6:26, 20:23] = 40
    grey[6:26, 50:53] = 150
    _, faint = cut_digits(grey, np.array([[18, 5, 25, 27], [48, 5, 55, 27]], np.float32))
    assert faint is not None
    assert faint.max() > 200


def test_slant_of_leaning_stroke_is_measured() -> None:
    ink = np.zeros((20, 20), np.float32)
    for row in range(20):
        ink[row, 12 - row // 4 : 14 - row // 4] = 1
    assert abs(measure_slant(ink) - 0.25) < 0.05
