"""Measures of uncertainty."""

import math
from pathlib import Path

import numpy as np
import pytest

from classifier.recognition import uncertainty
from classifier.recognition.uncertainty import MahalanobisDetector, Outputs


def compute_scores(logits: list[list[float]], rejection: float = 0.0) -> dict[str, float]:
    """Return the scores of one image with (members, 10) logits."""
    members = len(logits)
    detector = MahalanobisDetector(np.zeros((members, 3, 3)), np.zeros((members, 10, 3)))
    outputs = Outputs(
        np.array([logits]), np.full((1, members), rejection), np.zeros((1, members, 3))
    )
    estimates = uncertainty.estimate(outputs, 1.0, detector)
    return {name: float(value[0]) for name, value in estimates.scores.items()}


def make_logits(digit: int, strength: float) -> list[float]:
    return [strength * (place == digit) for place in range(10)]


def test_certain_members_that_agree_have_no_uncertainty() -> None:
    scores = compute_scores([make_logits(3, 30), make_logits(3, 30)])

    assert scores["predictive_entropy"] == pytest.approx(0, abs=1e-6)
    assert scores["mutual_information"] == pytest.approx(0, abs=1e-6)


def test_wavering_members_have_aleatoric_uncertainty_only() -> None:
    scores = compute_scores([[0.0] * 10, [0.0] * 10])

    assert scores["expected_entropy"] == pytest.approx(math.log(10))
    assert scores["mutual_information"] == pytest.approx(0, abs=1e-9)


def test_contradicting_members_have_epistemic_uncertainty_only() -> None:
    scores = compute_scores([make_logits(3, 30), make_logits(8, 30)])

    assert scores["expected_entropy"] == pytest.approx(0, abs=1e-6)
    assert scores["mutual_information"] == pytest.approx(math.log(2), abs=1e-6)


def test_total_uncertainty_is_the_sum_of_both_kinds() -> None:
    scores = compute_scores([make_logits(3, 2), make_logits(8, 1), make_logits(3, 0.5)])

    total = scores["expected_entropy"] + scores["mutual_information"]
    assert scores["predictive_entropy"] == pytest.approx(total)


def test_strong_logits_have_low_energy() -> None:
    assert compute_scores([make_logits(3, 20)])["energy"] == pytest.approx(-20, abs=1e-3)
    assert compute_scores([[0.0] * 10])["energy"] == pytest.approx(-math.log(10))


@pytest.mark.parametrize(("logit", "probability"), [(-800.0, 0), (0.0, 0.5), (800.0, 1)])
def test_rejection_is_a_probability_for_any_logit(logit: float, probability: float) -> None:
    assert compute_scores([[0.0] * 10], rejection=logit)["rejection"] == pytest.approx(probability)


@pytest.fixture
def detector() -> MahalanobisDetector:
    """Return two members of three features, with classes at 0, 10, 20… along the first."""
    centres = np.zeros((2, 10, 3))
    centres[:, :, 0] = 10 * np.arange(10)
    return MahalanobisDetector(np.stack([np.eye(3)] * 2), centres)


def test_distance_is_to_the_nearest_class_in_units_of_its_spread(
    detector: MahalanobisDetector,
) -> None:
    centre, between, far = (
        detector.measure_distances(np.full((1, 2, 3), [x, y, 0.0]))[0]
        for x, y in ((20, 0), (25, 0), (20, 30))
    )

    assert centre == 0
    assert between == pytest.approx(25 / 3)
    assert far == pytest.approx(900 / 3)
    wide = MahalanobisDetector(detector.whitening / 2, detector.centres / 2)
    halfway = wide.whiten(np.full((1, 2, 3), [25.0, 0, 0]))
    assert wide.measure_distances(halfway)[0] == pytest.approx(between / 4)


def test_saved_detector_is_loaded_unchanged(detector: MahalanobisDetector, tmp_path: Path) -> None:
    detector.save(tmp_path / "rejector.npz")
    loaded = MahalanobisDetector.load((tmp_path / "rejector.npz").read_bytes())

    assert np.array_equal(loaded.centres, detector.centres)
    assert np.array_equal(loaded.whitening, detector.whitening)
