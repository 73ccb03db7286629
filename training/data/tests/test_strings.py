"""Composed lines are the same for a seed, and their boxes contain their digits."""

import numpy as np
import pytest

from classifier.recognition.lines.preparation import HEIGHT
from classifier.tests.pictures import Digits
from training.data.images import Images
from training.data.line_pool import assemble_batch
from training.data.strings import MAX_DIGITS, Composer, Line


def compose_lines(digits: Digits, seed: int, count: int) -> list[Line]:
    rng = np.random.default_rng(seed)
    composer = Composer(Images(*digits), rng, backgrounds=4)
    return [composer.compose(rng) for _ in range(count)]


@pytest.fixture(scope="module")
def lines(digits: Digits) -> list[Line]:
    return compose_lines(digits, 1, 30)


def test_same_seed_gives_same_lines(digits: Digits, lines: list[Line]) -> None:
    for first, again in zip(lines[:5], compose_lines(digits, 1, 5), strict=True):
        assert first.text == again.text
        assert np.array_equal(first.ink, again.ink)
        assert np.array_equal(first.boxes, again.boxes)


def test_line_has_a_box_for_each_digit_in_order(lines: list[Line]) -> None:
    for line in lines:
        assert line.ink.shape[0] == HEIGHT
        assert line.boxes.shape == (len(line.text), 4)
        assert (np.diff(line.boxes[:, 0]) > 0).all()
        assert (line.boxes[:, :2] < line.boxes[:, 2:]).all()


def test_batch_contains_all_ink_of_its_lines(lines: list[Line]) -> None:
    batch = assemble_batch(lines, np.random.default_rng(1))
    assert batch.digits.shape == (len(lines), MAX_DIGITS)
    for row, line in enumerate(lines):
        assert batch.ink[row].sum() == pytest.approx(line.ink.sum(), rel=1e-4, abs=0.1)
        assert "".join(str(digit) for digit in batch.digits[row] if digit >= 0) == line.text
