"""The gate, on pairs with results by hand."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from classifier.recognition.recognizer import NOT_A_DIGIT
from training.evaluation import gate
from training.evaluation.gate import Comparison, PairedAnswers
from training.tests.pictures import make_pictures


def make_pair(images: int, *, better: int, worse: int) -> PairedAnswers:
    """Return answers that are all right, except for the first images: better ones, then worse."""
    champion, candidate = np.ones(images, bool), np.ones(images, bool)
    champion[:better] = False
    candidate[better : better + worse] = False
    return PairedAnswers([str(index) for index in range(images)], champion, candidate)


def compare(sets: dict[str, PairedAnswers]) -> Comparison:
    return gate.compare("baseline", sets)


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (3, 0), (0, 3), (2, 14), (30, 41)])
def test_p_equals_the_exact_binomial_test(better: int, worse: int) -> None:
    from scipy.stats import binomtest  # takes half a second

    pairs = better + worse
    expected = binomtest(worse, pairs, alternative="greater").pvalue if pairs else 1
    difference = gate.measure_difference(make_pair(100, better=better, worse=worse))
    assert difference.p == pytest.approx(expected)


def test_significant_loss_is_rejected_with_a_reason() -> None:
    comparison = compare({"test": make_pair(10_000, better=2, worse=14)})
    assert (comparison.against, comparison.passed) == ("baseline", False)
    assert comparison.reason == "On the test split 14 images got worse and 2 better (p = 0.0021)."


def test_loss_by_chance_passes_with_a_reason() -> None:
    comparison = compare(
        {
            "test": make_pair(10_000, better=5, worse=8),
            "held_out_uploads": make_pair(9, better=0, worse=1),
        }
    )
    assert comparison.passed
    assert comparison.reason == (
        "On the test split 8 images got worse and 5 better (p = 0.29); "
        "on the held-out uploads 1 image got worse and none better (p = 0.5)."
    )


def test_gain_on_one_set_does_not_offset_loss_on_another() -> None:
    sets = {
        "test": make_pair(10_000, better=60, worse=0),
        "held_out_uploads": make_pair(20, better=0, worse=5),
    }
    comparison = compare(sets)
    assert not comparison.passed
    assert comparison.reason.startswith(
        "On the held-out uploads 5 images got worse and none better"
    )


def test_five_losses_on_a_small_set_are_rejected_and_four_pass() -> None:
    assert compare({"test": make_pair(20, better=0, worse=4)}).passed
    assert not compare({"test": make_pair(20, better=0, worse=5)}).passed


def test_margin_grows_with_the_number_of_differences() -> None:
    assert not compare({"test": make_pair(10_000, better=2, worse=10)}).passed
    assert compare({"test": make_pair(10_000, better=16, worse=24)}).passed
    assert not compare({"test": make_pair(10_000, better=14, worse=26)}).passed


def test_comparison_is_json_and_names_each_image() -> None:
    comparison = compare({"test": make_pair(8, better=2, worse=1)})
    plain = json.loads(json.dumps(asdict(comparison)))["sets"]["test"]
    assert plain == {
        "images": 8,
        "champion_right": 6,
        "candidate_right": 7,
        "better": ["0", "1"],
        "worse": ["2"],
        "p": 0.875,
    }


def test_empty_set_is_ignored_and_no_set_at_all_rejects() -> None:
    empty = make_pair(0, better=0, worse=0)
    comparison = compare({"test": make_pair(8, better=0, worse=0), "held_out_uploads": empty})
    assert comparison.passed
    assert comparison.reason == "On the test split no images got worse and none better (p = 1)."
    nothing = compare({"held_out_uploads": empty})
    assert nothing == Comparison("baseline", False, "There are no images to compare on.", {})


def test_pair_with_fewer_ids_than_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        gate.measure_difference(replace(make_pair(8, better=2, worse=1), ids=["0", "1"]))


def test_digit_is_correct_by_its_guess_and_non_digit_by_rejection() -> None:
    truth = [3, 4, NOT_A_DIGIT, NOT_A_DIGIT]
    pictures = make_pictures(truth, [3, 3, 3, 3], accepted=[False, True, False, True])
    assert pictures.correct.tolist() == [True, False, True, False]
