"""Calibration, on outputs with a known right answer."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.uncertainty import Outputs
from training import calibrate
from training.data.images import Images
from training.data.split import TrainingSplit

pytestmark = pytest.mark.slow

Floats = NDArray[np.float64]


def test_temperature_undoes_the_scale_of_overconfident_logits() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (5_000, 1, 10))
    # The maximum with Gumbel noise is a class drawn from the softmax.
    labels = (logits[:, 0] + rng.gumbel(size=(5_000, 10))).argmax(axis=1).astype(np.uint8)
    assert calibrate.fit_temperature(logits, labels) == pytest.approx(1, abs=0.06)
    assert calibrate.fit_temperature(2.5 * logits, labels) == pytest.approx(2.5, abs=0.15)


def test_distance_is_one_for_similar_digits_and_large_for_others() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(5_000, dtype=np.uint8) % 10
    stretched = np.array([1.0, 5.0, 0.5, 1.0])
    centres = rng.normal(0, 20, (10, 4))
    features = (centres[labels] + stretched * rng.normal(size=(5_000, 4)))[:, np.newaxis]
    detector = calibrate.fit_detector(features, labels)
    near = detector.measure_distances(detector.whiten(features))
    assert near.mean() == pytest.approx(1, abs=0.15)
    far = detector.measure_distances(detector.whiten(features + np.array([0, 0, 5.0, 0])))
    assert np.median(far) > 5 * np.median(near)


def test_threshold_is_above_all_guesses_if_the_surest_are_wrong() -> None:
    probabilities = np.full((100, 10), 0.05)
    probabilities[:, 3] = 0.55
    assert calibrate.find_confidence_threshold(probabilities, np.zeros(100, np.uint8)) > 0.55


@pytest.mark.parametrize(("wrong_at", "least"), [([0.6, 0.7], 0.5), ([0.6, 0.95, 0.95], 0.6)])
def test_threshold_accepts_no_more_wrong_digits_than_the_budget(
    wrong_at: list[float], least: float
) -> None:
    """Budget: two of 2,000 digits, whose confidence rises evenly from 0.5 to 1."""
    confidence = np.linspace(0.5, 1, 2_000)
    probabilities = np.zeros((2_000, 10))
    probabilities[:, 1], probabilities[:, 2] = confidence, 1 - confidence
    labels = np.ones(2_000, np.uint8)
    labels[[np.searchsorted(confidence, each) + index for index, each in enumerate(wrong_at)]] = 2
    threshold = calibrate.find_confidence_threshold(probabilities, labels)
    accepted = confidence >= threshold
    assert (labels[accepted] != 1).sum() <= calibrate.WRONG_AT_DIGIT * 2_000
    assert threshold == pytest.approx(least, abs=0.06)


class PixelGraph:
    """A graph that reads a digit from its second pixel, wrongly if the first one is 1."""

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        count = len(images)
        digits = (images[:, 0, 1] + (images[:, 0, 0] == 1)) % 10
        sureness = 5 + np.linspace(0, 1, count)[:, np.newaxis]
        logits = (np.eye(10)[digits] * sureness)[:, np.newaxis]
        features = np.random.default_rng(1).normal(size=(count, 1, 4))
        return Outputs(logits, np.full((count, 1), -9.0), features)


def make_digits(count: int, wrong: int = 0) -> Images:
    """Return different digits, least certain first; the first `wrong` are read wrongly."""
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
    digits = make_digits(count, wrong)
    calibration = calibrate.fit_calibration(PixelGraph(), TrainingSplit(digits, digits))  # type: ignore[arg-type]
    assert [each.is_proved for each in calibration.certificates] == proved
    assert {each.set_digest for each in calibration.certificates} == {digits.digest}
    if any(proved):
        assert calibration.thresholds["confidence"] == calibration.certificates[-1].threshold
    else:
        assert 0 < calibration.thresholds["confidence"] < 1


def test_equal_pictures_count_once() -> None:
    digits = make_digits(2_000)
    calibration = calibrate.fit_calibration(PixelGraph(), TrainingSplit(digits, digits + digits))  # type: ignore[arg-type]
    assert calibration.certificates[0].threshold is None
    assert calibration.certificates[0].n <= 2_000
