"""The line reader's input contains the ink, without light, pen and grain."""

import numpy as np
import pytest

from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.lines.preparation import HEIGHT, MAX_WIDTH, prepare_line


@pytest.fixture
def line() -> Grey:
    """Return strokes on grainy paper."""
    grey = np.random.default_rng(1).normal(200, 2, (48, 240)).astype(np.float32)
    for x in range(20, 220, 25):
        grey[8:40, x : x + 4] = 60
    return grey


def test_darker_light_gives_same_ink(line: Grey) -> None:
    assert np.allclose(prepare_line(line * 0.4), prepare_line(line), atol=1e-3)


def test_paler_pen_gives_similar_ink(line: Grey) -> None:
    pale = 200 - (200 - line) * 0.3
    assert np.abs(prepare_line(pale) - prepare_line(line)).max() < 0.05


def test_gradient_of_light_gives_similar_ink(line: Grey) -> None:
    lit = line * np.linspace(1, 0.6, line.shape[1])
    assert np.abs(prepare_line(lit) - prepare_line(line)).mean() < 0.05


def test_grain_stays_near_paper() -> None:
    grain = np.random.default_rng(1).normal(200, 1, (64, 300))
    assert np.abs(prepare_line(grain)).max() < 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (20, 20_000)])
def test_extreme_shape_is_resized_within_limits(shape: tuple[int, int]) -> None:
    ink = prepare_line(np.full(shape, 128, np.uint8))
    assert ink.shape[0] == HEIGHT
    assert ink.shape[1] <= MAX_WIDTH
    assert np.isfinite(ink).all()
