"""Temperature, neighbourhoods and thresholds, from outputs whose right answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.recognizer import Outputs
from training import calibrate
from training.data.images import Images
from training.data.split import Lesson

Floats = NDArray[np.float64]


def test_the_temperature_undoes_the_scale_of_overconfident_logits() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (20_000, 1, 10))
    chances = np.exp(logits[:, 0]) / np.exp(logits[:, 0]).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=each) for each in chances], np.uint8)
    assert calibrate.best_temperature(logits, labels) == pytest.approx(1, abs=0.06)
    assert calibrate.best_temperature(2.5 * logits, labels) == pytest.approx(2.5, abs=0.15)


def test_what_lies_like_the_learnt_digits_is_near_and_the_rest_is_far() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(5_000, dtype=np.uint8) % 10
    stretched = np.array([1.0, 5.0, 0.5, 1.0])
    centres = rng.normal(0, 20, (10, 4))
    features = (centres[labels] + stretched * rng.normal(size=(5_000, 4)))[:, np.newaxis]
    outputs = Outputs(np.zeros((5_000, 1, 10)), np.zeros((5_000, 1)), features)
    found = calibrate.neighbourhoods_of(outputs, labels)
    near = found.distance(found.whitened(features))
    assert near.mean() == pytest.approx(1, abs=0.15)
    off = found.distance(found.whitened(features + np.array([0, 0, 5.0, 0])))
    assert np.median(off) > 5 * np.median(near)


def test_where_the_surest_guesses_are_wrong_none_is_sure_enough() -> None:
    probabilities = np.full((100, 10), 0.05)
    probabilities[:, 3] = 0.55
    assert calibrate.least_confidence(probabilities, np.zeros(100, np.uint8)) > 0.55


@pytest.mark.parametrize(("wrong_at", "least"), [([0.6, 0.7], 0.5), ([0.6, 0.95, 0.95], 0.6)])
def test_the_confidence_keeps_no_more_wrong_digits_than_the_budget(
    wrong_at: list[float], least: float
) -> None:
    """Of 2,000 digits the budget is two; confidence rises evenly from 0.5 to 1."""
    confidence = np.linspace(0.5, 1, 2_000)
    probabilities = np.zeros((2_000, 10))
    probabilities[:, 1], probabilities[:, 2] = confidence, 1 - confidence
    labels = np.ones(2_000, np.uint8)
    labels[[np.searchsorted(confidence, each) + place for place, each in enumerate(wrong_at)]] = 2
    found = calibrate.least_confidence(probabilities, labels)
    kept = confidence >= found
    assert (labels[kept] != 1).sum() <= calibrate.WRONG_AT_DIGIT * 2_000
    assert found == pytest.approx(least, abs=0.06)


class Reader:
    """A graph that reads every digit right, except where the first pixel is 1."""

    def outputs(self, images: NDArray[np.uint8]) -> Outputs:
        count = len(images)
        digits = (images[:, 0, 1] + (images[:, 0, 0] == 1)) % 10
        sureness = 5 + np.linspace(0, 1, count)[:, np.newaxis]
        logits = (np.eye(10)[digits] * sureness)[:, np.newaxis]
        features = np.random.default_rng(1).normal(size=(count, 1, 4))
        return Outputs(logits, np.full((count, 1), -9.0), features)


def digits_for_calibration(count: int, wrong: int = 0) -> Images:
    """Digits of different pixels, the least sure of them first and read wrong."""
    pixels = np.zeros((count, 28, 28), np.uint8)
    pixels[:wrong, 0, 0] = 1
    pixels[:, 0, 1] = labels = np.arange(count) % 10
    pixels[:, 1, :2] = np.arange(count).astype(">u2").view(np.uint8).reshape(-1, 2)
    return Images(pixels, labels.astype(np.uint8))


@pytest.mark.parametrize(
    ("count", "wrong", "proved"),
    [(400, 0, [False, False]), (4_000, 3, [True, True]), (2_000, 0, [False, True])],
)
def test_loosest_proved_claim_sets_the_confidence(
    count: int, wrong: int, proved: list[bool]
) -> None:
    digits = digits_for_calibration(count, wrong)
    found = calibrate.fit(Reader(), Lesson(digits, digits))  # type: ignore[arg-type]
    assert [each.is_proved for each in found.certificates] == proved
    assert {each.set_digest for each in found.certificates} == {digits.digest}
    if any(proved):
        assert found.thresholds["confidence"] == found.certificates[-1].threshold
    else:
        assert 0 < found.thresholds["confidence"] < 1


def test_equal_pictures_count_as_one() -> None:
    digits = digits_for_calibration(2_000)
    found = calibrate.fit(Reader(), Lesson(digits, digits + digits))  # type: ignore[arg-type]
    assert found.certificates[0].threshold is None
    assert found.certificates[0].n <= 2_000
