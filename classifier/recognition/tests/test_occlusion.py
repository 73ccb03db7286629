"""Where a model looked: what covering parts of a digit does to its answer."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import occlusion
from classifier.recognition.recognizer import Recognizer

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Digit = Callable[[int], NDArray[np.uint8]]


@pytest.fixture
def digit(digits: Digits) -> Digit:
    return lambda name: digits[0][digits[1] == name][0]


def covered(image: NDArray[np.uint8], found: occlusion.Focus) -> NDArray[np.uint8]:
    row, column = found.patch
    without = image.copy()
    without[row : row + occlusion.PATCH, column : column + occlusion.PATCH] = 0
    return without


@pytest.mark.parametrize("name", range(10))
def test_what_is_said_of_the_square_is_what_the_model_says_without_it(
    baseline: Recognizer, digit: Digit, name: int
) -> None:
    found = occlusion.focus(baseline, digit(name))
    [whole, less] = baseline.recognize([digit(name), covered(digit(name), found)])
    assert (found.best_guess, found.confidence) == (whole.best_guess, whole.confidence)
    assert found.left == pytest.approx(less.probabilities[int(found.best_guess)])
    assert found.left < found.confidence
    assert found.instead == (None if less.best_guess == whole.best_guess else less.best_guess)


def test_paper_far_from_the_ink_has_no_weight_and_the_ink_has_most(
    baseline: Recognizer, digit: Digit
) -> None:
    image = digit(1)
    weight = occlusion.focus(baseline, image).weight
    rows, columns = np.nonzero(image)
    far = np.ones((28, 28), bool)
    reach = occlusion.PATCH
    far[
        max(rows.min() - reach, 0) : rows.max() + reach,
        max(columns.min() - reach, 0) : columns.max() + reach,
    ] = False
    assert far.any()
    assert not weight[far].any()
    assert image[np.unravel_index(weight.argmax(), weight.shape)] > 0


def test_the_flag_of_a_one_speaks_against_a_one(baseline: Recognizer, digits: Digits) -> None:
    flagged = digits[0][768]  # called a 1, or else a 7
    found = occlusion.focus(baseline, flagged)
    assert found.best_guess == "1"
    assert found.weight[:14, :14].min() < -0.1
    assert found.weight[:, 14:].max() > 1


def test_no_pixel_is_left_out() -> None:
    places = occlusion._by_pixel(dict.fromkeys(occlusion._places(), 2.0))
    assert places == pytest.approx(np.full((28, 28), 2.0))


def test_without_ink_there_is_nothing_to_cover(baseline: Recognizer) -> None:
    found = occlusion.focus(baseline, np.zeros((28, 28), np.uint8))
    assert not found.weight.any()
    assert (found.left, found.instead) == (found.confidence, None)
