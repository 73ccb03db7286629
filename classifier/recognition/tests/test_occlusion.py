"""Occlusion of parts of a digit."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import occlusion
from classifier.recognition.recognizer import Recognizer
from classifier.tests.pictures import Digits

Digit = Callable[[int], NDArray[np.uint8]]


@pytest.fixture
def digit(digits: Digits) -> Digit:
    return lambda name: digits[0][digits[1] == name][0]


def cover_patch(image: NDArray[np.uint8], focus: occlusion.Focus) -> NDArray[np.uint8]:
    row, column = focus.patch
    covered = image.copy()
    covered[row : row + occlusion.PATCH, column : column + occlusion.PATCH] = 0
    return covered


@pytest.mark.parametrize("name", range(10))
def test_focus_holds_the_answer_without_the_patch(
    baseline: Recognizer, digit: Digit, name: int
) -> None:
    focus = occlusion.find_focus(baseline, digit(name))
    [whole, rest] = baseline.recognize([digit(name), cover_patch(digit(name), focus)])
    assert (focus.best_guess, focus.confidence) == (whole.best_guess, whole.confidence)
    assert focus.confidence_without == pytest.approx(rest.probabilities[int(focus.best_guess)])
    assert focus.confidence_without < focus.confidence
    assert focus.guess_without == (None if rest.best_guess == whole.best_guess else rest.best_guess)


def test_ink_has_the_highest_weight_and_distant_paper_none(
    baseline: Recognizer, digit: Digit
) -> None:
    image = digit(1)
    weight = occlusion.find_focus(baseline, image).weight
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


def test_flag_of_a_one_speaks_against_a_one(baseline: Recognizer, digits: Digits) -> None:
    flagged = digits[0][768]  # read as 1, or else as 7
    focus = occlusion.find_focus(baseline, flagged)
    assert focus.best_guess == "1"
    assert focus.weight[:14, :14].min() < -0.1
    assert focus.weight[:, 14:].max() > 1


def test_every_pixel_is_covered() -> None:
    weight = occlusion._average_by_pixel(dict.fromkeys(occlusion._list_places(), 2.0))
    assert weight == pytest.approx(np.full((28, 28), 2.0))


def test_blank_image_has_no_weight(baseline: Recognizer) -> None:
    focus = occlusion.find_focus(baseline, np.zeros((28, 28), np.uint8))
    assert not focus.weight.any()
    assert (focus.confidence_without, focus.guess_without) == (focus.confidence, None)
