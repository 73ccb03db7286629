"""Measures of doubt have the properties that their names promise."""

import math
from pathlib import Path

import numpy as np
import pytest

from classifier.recognition import uncertainty
from classifier.recognition.uncertainty import Neighbourhoods


def scores_of(logits: list[list[float]], **values: float) -> dict[str, float]:
    """Of one image, from (members, 10) logits."""
    given = {"rejection": 0.0, "distance": 1.0} | values
    found = uncertainty.scores(
        uncertainty.softmax(np.array([logits])),
        np.array([logits]),
        np.full((1, len(logits)), given["rejection"]),
        np.array([given["distance"]]),
    )
    return {name: float(value[0]) for name, value in found.items()}


def for_digit(digit: int, strength: float) -> list[float]:
    return [strength * (place == digit) for place in range(10)]


def test_members_that_agree_and_are_certain_leave_no_doubt() -> None:
    found = scores_of([for_digit(3, 30), for_digit(3, 30)])

    assert found["predictive_entropy"] == pytest.approx(0, abs=1e-6)
    assert found["mutual_information"] == pytest.approx(0, abs=1e-6)


def test_members_that_waver_alike_make_aleatoric_doubt_only() -> None:
    found = scores_of([[0.0] * 10, [0.0] * 10])

    assert found["expected_entropy"] == pytest.approx(math.log(10))
    assert found["mutual_information"] == pytest.approx(0, abs=1e-9)


def test_members_that_contradict_each_other_make_epistemic_doubt() -> None:
    found = scores_of([for_digit(3, 30), for_digit(8, 30)])

    assert found["expected_entropy"] == pytest.approx(0, abs=1e-6)
    assert found["mutual_information"] == pytest.approx(math.log(2), abs=1e-6)


def test_all_doubt_is_the_sum_of_its_two_sources() -> None:
    found = scores_of([for_digit(3, 2), for_digit(8, 1), for_digit(3, 0.5)])

    total = found["expected_entropy"] + found["mutual_information"]
    assert found["predictive_entropy"] == pytest.approx(total)


def test_strong_logits_have_low_energy() -> None:
    assert scores_of([for_digit(3, 20)])["energy"] == pytest.approx(-20, abs=1e-3)
    assert scores_of([[0.0] * 10])["energy"] == pytest.approx(-math.log(10))


@pytest.mark.parametrize(("logit", "probability"), [(-800.0, 0), (0.0, 0.5), (800.0, 1)])
def test_rejection_is_a_probability_however_large_its_logit(
    logit: float, probability: float
) -> None:
    assert scores_of([[0.0] * 10], rejection=logit)["rejection"] == pytest.approx(probability)


@pytest.fixture
def neighbourhoods() -> Neighbourhoods:
    """Two members of three features; the classes lie at 0, 10, 20… along the first one."""
    centres = np.zeros((2, 10, 3))
    centres[:, :, 0] = 10 * np.arange(10)
    return Neighbourhoods(np.stack([np.eye(3)] * 2), centres)


def test_a_distance_is_to_the_nearest_class_and_in_units_of_its_spread(
    neighbourhoods: Neighbourhoods,
) -> None:
    at_a_centre, between, far_off = (
        neighbourhoods.distance(np.full((1, 2, 3), [x, y, 0.0]))[0]
        for x, y in ((20, 0), (25, 0), (20, 30))
    )

    assert at_a_centre == 0
    assert between == pytest.approx(25 / 3)
    assert far_off == pytest.approx(900 / 3)
    wide = Neighbourhoods(neighbourhoods.whitening / 2, neighbourhoods.centres / 2)
    halfway = wide.whitened(np.full((1, 2, 3), [25.0, 0, 0]))
    assert wide.distance(halfway)[0] == pytest.approx(between / 4)


def test_neighbourhoods_survive_their_file(neighbourhoods: Neighbourhoods, tmp_path: Path) -> None:
    neighbourhoods.save(tmp_path / "rejector.npz")
    again = Neighbourhoods.load((tmp_path / "rejector.npz").read_bytes())

    assert np.array_equal(again.centres, neighbourhoods.centres)
    assert np.array_equal(again.whitening, neighbourhoods.whitening)
