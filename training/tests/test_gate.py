"""Which candidates the gate lets through, by pairs whose answer is worked out by hand."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.stats import binomtest

from classifier.recognition.recognizer import NOT_A_DIGIT
from training.evaluation import gate
from training.evaluation.evaluate import Answers
from training.evaluation.gate import Comparison, Pair


def pair(images: int, *, better: int, worse: int) -> Pair:
    """Of images that both get right but for the first: those that got better, then worse."""
    champion, candidate = np.ones(images, bool), np.ones(images, bool)
    champion[:better] = False
    candidate[better : better + worse] = False
    return Pair([str(place) for place in range(images)], champion, candidate)


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (3, 0), (0, 3), (2, 14), (30, 41)])
def test_p_is_that_of_the_exact_binomial_test(better: int, worse: int) -> None:
    pairs = better + worse
    expected = binomtest(worse, pairs, alternative="greater").pvalue if pairs else 1
    assert gate.mcnemar(better, worse) == pytest.approx(expected)


def test_a_candidate_that_loses_more_than_chance_would_is_rejected_in_a_sentence() -> None:
    found = gate.compare({"test": pair(10_000, better=2, worse=14)})
    assert not found.passed
    assert found.reason == "On the test split 14 images got worse and 2 better (p = 0.0021)."


def test_a_candidate_that_only_wavers_passes_in_a_sentence() -> None:
    found = gate.compare(
        {"test": pair(10_000, better=5, worse=8), "held_out_uploads": pair(9, better=0, worse=1)}
    )
    assert found.passed
    assert found.reason == (
        "On the test split 8 images got worse and 5 better (p = 0.29); "
        "on the held-out uploads 1 image got worse and none better (p = 0.5)."
    )


def test_what_is_gained_on_one_set_does_not_pay_for_another() -> None:
    sets = {
        "test": pair(10_000, better=60, worse=0),
        "held_out_uploads": pair(20, better=0, worse=5),
    }
    found = gate.compare(sets)
    assert not found.passed
    assert found.reason.startswith("On the held-out uploads 5 images got worse and none better")


def test_five_of_few_are_too_many_and_four_may_be_chance() -> None:
    assert gate.compare({"test": pair(20, better=0, worse=4)}).passed
    assert not gate.compare({"test": pair(20, better=0, worse=5)}).passed


def test_the_more_two_models_differ_the_more_may_be_luck() -> None:
    assert not gate.compare({"test": pair(10_000, better=2, worse=10)}).passed
    assert gate.compare({"test": pair(10_000, better=16, worse=24)}).passed
    assert not gate.compare({"test": pair(10_000, better=14, worse=26)}).passed


def test_the_result_is_plain_json_that_names_each_image() -> None:
    found = gate.compare({"test": pair(8, better=2, worse=1)})
    plain = json.loads(json.dumps(asdict(found)))["sets"]["test"]
    assert plain == {
        "images": 8,
        "champion_right": 6,
        "candidate_right": 7,
        "better": ["0", "1"],
        "worse": ["2"],
        "p": 0.875,
    }


def test_a_set_without_images_says_nothing_and_none_at_all_lets_nothing_through() -> None:
    empty = pair(0, better=0, worse=0)
    found = gate.compare({"test": pair(8, better=0, worse=0), "held_out_uploads": empty})
    assert found.passed
    assert found.reason == "On the test split no images got worse and none better (p = 1)."
    nothing = gate.compare({"held_out_uploads": empty})
    assert nothing == Comparison(False, "There are no images to compare on.", {})


def test_pair_with_fewer_ids_than_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        gate.difference(replace(pair(8, better=2, worse=1), ids=["0", "1"]))


def test_a_digit_is_right_by_its_best_guess_and_a_non_digit_by_being_refused() -> None:
    answers = Answers(
        probabilities=np.eye(10)[[3, 3, 3, 3]],
        certainty=np.ones(4),
        kept=np.array([False, True, False, True]),
        right=np.array([True, False, False, False]),
        truth=np.array([3, 4, NOT_A_DIGIT, NOT_A_DIGIT]),
        source=np.full(4, ""),
    )
    assert answers.correct.tolist() == [True, False, True, False]
