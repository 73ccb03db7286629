"""Digits cut out of a line in MNIST's format."""

import numpy as np

from classifier.recognition.second_opinion import cut_digits, measure_slant


def test_cut_digits_neighbour_reaching_in_leaves_it_out() -> None:
    grey = np.full((32, 80), 220.0)
    grey[6:26, 20:23] = 40  # the digit
    grey[14:17, 26:60] = 40  # a stroke that ends beside it
    (digit,) = cut_digits(grey, np.array([[18, 5, 27, 27]], np.float32))
    assert digit is not None
    columns = np.flatnonzero((digit > 128).any(axis=0))
    assert columns[-1] - columns[0] < 5


def test_cut_digits_box_without_ink_gives_none() -> None:
    grey = np.full((32, 80), 220.0)
    grey[6:26, 20:23] = 40
    assert cut_digits(grey, np.array([[50, 5, 60, 27]], np.float32)) == [None]


def test_cut_digits_pen_running_dry_keeps_the_faint_digit() -> None:
    grey = np.full((32, 80), 220.0)
    grey[6:26, 20:23] = 40
    grey[6:26, 50:53] = 150
    _, faint = cut_digits(grey, np.array([[18, 5, 25, 27], [48, 5, 55, 27]], np.float32))
    assert faint is not None
    assert faint.max() > 200


def test_measure_slant_leaning_stroke_finds_it() -> None:
    ink = np.zeros((20, 20), np.float32)
    for row in range(20):
        ink[row, 12 - row // 4 : 14 - row // 4] = 1
    assert abs(measure_slant(ink) - 0.25) < 0.05
