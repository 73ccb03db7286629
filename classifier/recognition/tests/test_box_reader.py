"""Tests of reading digits in given boxes."""

from collections.abc import Callable

import pytest

from classifier.recognition import imaging
from classifier.recognition.box_reader import read_boxes
from classifier.recognition.imaging import Box, Picture
from classifier.recognition.recognizer import Recognizer
from classifier.tests.pictures import SIDE, draw_number

Draw = Callable[..., bytes]


@pytest.fixture
def picture(draw_digit: Draw) -> Picture:
    return imaging.decode(draw_number(draw_digit, "40"))


def read(picture: Picture, baseline: Recognizer, *boxes: Box) -> list[str | None]:
    read = read_boxes(picture, boxes, baseline)
    return [digit.recognition.best_guess if digit else None for digit in read]


def test_each_box_is_read_as_one_digit(picture: Picture, baseline: Recognizer) -> None:
    assert read(picture, baseline, (SIDE, 0, SIDE, SIDE), (0, 0, SIDE, SIDE)) == ["0", "4"]


def test_box_without_ink_has_no_digit(picture: Picture, baseline: Recognizer) -> None:
    assert read(picture, baseline, (0, 0, 10, 10), (0, 0, SIDE, SIDE)) == [None, "4"]


def test_neighbours_stroke_in_a_box_is_left_out(picture: Picture, baseline: Recognizer) -> None:
    """The box of the 4 reaches to the left edge of the 0."""
    (zero,) = (digit.box for digit in imaging.find_digits(picture) if digit.box[0] > SIDE)
    (wide,) = read_boxes(picture, [(0, 0, zero[0] + 8, SIDE)], baseline)
    (exact,) = read_boxes(picture, [(0, 0, SIDE, SIDE)], baseline)
    assert wide
    assert exact
    assert (wide.pixels == exact.pixels).all()


def test_box_across_a_stroke_cuts_it(picture: Picture, baseline: Recognizer) -> None:
    (half,) = read_boxes(picture, [(0, 0, SIDE, SIDE // 2)], baseline)
    (whole,) = read_boxes(picture, [(0, 0, SIDE, SIDE)], baseline)
    assert half
    assert whole
    assert (half.pixels != whole.pixels).any()


def test_boxes_are_in_pixels_of_a_reduced_original(draw_digit: Draw, baseline: Recognizer) -> None:
    picture = imaging.decode(draw_number(draw_digit, "4019402"))
    assert picture.width > picture.pixels.shape[1]
    boxes = [(place * SIDE, 0, SIDE, SIDE) for place in range(7)]
    assert read(picture, baseline, *boxes) == [*"4019402"]
