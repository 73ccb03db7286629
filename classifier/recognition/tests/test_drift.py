"""The detector of drift: how rarely it errs, and how soon it notices another source of digits."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import drift, imaging
from classifier.recognition.imaging import Picture
from classifier.recognition.recognizer import Recognizer
from training.data.mnist import read_sample

THRESHOLD = 365_000


def detect(*streams: NDArray[np.float64] | list[float], seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    bets = [drift.bet_on_small(drift.compute_p_values(stream, rng)) for stream in streams]
    return np.asarray(np.mean([drift.detect_change(each) for each in bets], axis=0))


def test_p_values_of_exchangeable_scores_are_uniform() -> None:
    rng = np.random.default_rng(1)
    p_values = drift.compute_p_values(rng.integers(0, 5, 20_000).astype(float), rng)

    counts = np.histogram(p_values, 10, (0, 1))[0]
    assert np.abs(counts - 2_000).max() < 200  # 4.7 standard deviations


def test_bets_have_expectation_one() -> None:
    p_values = (np.arange(1_000_000) + 0.5) / 1_000_000

    assert drift.bet_on_small(p_values).mean() == pytest.approx(1, abs=0.1)


def test_false_alarms_are_rarer_than_promised() -> None:
    rng = np.random.default_rng(2)
    alarms = 0
    for seed in range(20):
        unsure = (rng.random(2_000) < 0.03).astype(float)
        alarms += bool(detect(rng.lognormal(size=2_000), unsure, seed=seed).max() >= THRESHOLD)

    assert alarms <= 1  # 0.11 expected at most


@pytest.mark.slow
def test_other_digits_are_noticed_within_200_images(baseline: Recognizer) -> None:
    from sklearn.datasets import load_digits

    mixed = np.random.default_rng(0).permutation(read_sample().x_test)
    before = baseline.recognize(mixed[:600])
    pictures = [np.kron(image, np.ones((4, 4))) * 15 for image in load_digits().images[:300]]
    pages = [imaging.find_page(Picture.from_array(each.astype(np.uint8))) for each in pictures]
    after = baseline.recognize(digit.pixels for page in pages for digit in page.digits)
    readings = [*before, *after]

    evidence = detect(
        [each.scores["distance"] for each in readings],
        [float(each.verdict != "digit") for each in readings],
    )

    assert evidence[:600].max() < THRESHOLD
    assert evidence[:800].max() >= THRESHOLD
