"""The figures, against scikit-learn's or worked out by hand."""

import numpy as np
import pytest

from classifier.recognition.recognizer import NOT_A_DIGIT
from training.evaluation import evaluate
from training.evaluation.evaluate import Answers


def answers(
    truth: list[int],
    guesses: list[int],
    confidence: list[float],
    kept: list[bool],
    source: list[str] | None = None,
) -> Answers:
    rest = (1 - np.array(confidence)) / 9
    probabilities = np.repeat(rest[:, np.newaxis], 10, axis=1)
    probabilities[np.arange(len(guesses)), guesses] = confidence
    return Answers(
        probabilities=probabilities,
        certainty=np.array(confidence),
        kept=np.array(kept),
        right=np.array(truth) == np.array(guesses),
        truth=np.array(truth),
        source=np.array(source or [""] * len(truth)),
    )


def test_shares_are_of_digits_or_of_non_digits() -> None:
    found = evaluate.figures(
        answers(
            truth=[1, 2, 3, 4, NOT_A_DIGIT, NOT_A_DIGIT],
            guesses=[1, 2, 9, 4, 5, 5],
            confidence=[0.9, 0.9, 0.9, 0.5, 0.9, 0.4],
            kept=[True, True, True, False, True, False],
        )
    )
    assert found["digits"] == 4
    assert found["non_digits"] == 2
    assert found["accuracy"] == 0.75
    assert found["coverage"] == 0.75
    assert found["accuracy_at_digit"] == pytest.approx(2 / 3)
    assert found["non_digits_refused"] == 0.5
    assert found["kept"] == 3
    assert found["accuracy_interval"] == pytest.approx([0.1941, 0.9937], abs=5e-5)


def test_every_source_counts_the_same_in_the_macro_accuracy() -> None:
    some = answers(
        [1, 2, 3, 4], [1, 2, 3, 9], [0.9] * 4, [True] * 4, source=["ann", "ann", "ann", "ben"]
    )
    assert evaluate.figures(some)["accuracy"] == 0.75
    assert evaluate.figures(some)["macro_accuracy_by_source"] == 0.5


def test_what_can_not_be_told_is_none() -> None:
    found = evaluate.figures(answers([1], [1], [0.9], [True]))
    assert (found["auroc"], found["fpr95"], found["non_digits_refused"]) == (None, None, None)
    assert found["non_digits_refused_interval"] is None
    found = evaluate.figures(answers([NOT_A_DIGIT], [1], [0.9], [True]))
    assert (found["accuracy"], found["ece"], found["nll"], found["brier"]) == (None,) * 4


def test_auroc_agrees_with_scikit_learn_ties_included() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    positive, negative = random.integers(3, 12, 200) / 10, random.integers(0, 9, 300) / 10
    truth = np.repeat([1, 0], [200, 300])
    expected = roc_auc_score(truth, np.concatenate([positive, negative]))
    assert evaluate.auroc(positive, negative) == pytest.approx(expected)


def test_fpr95_is_what_gets_through_where_95_percent_of_the_digits_do() -> None:
    positive = np.arange(100) / 100
    negative = np.array([0.01, 0.04, 0.05, 0.5])
    assert evaluate.fpr95(positive, negative) == 0.5


def test_nll_agrees_with_scikit_learn_and_brier_with_its_definition() -> None:
    from sklearn.metrics import log_loss

    some = answers([1, 2, 3], [1, 2, 4], [0.9, 0.6, 0.7], [True] * 3)
    found = evaluate.figures(some)
    assert found["nll"] == pytest.approx(
        log_loss(some.truth, some.probabilities, labels=list(range(10)))
    )
    target = np.eye(10)[some.truth]
    assert found["brier"] == pytest.approx(((some.probabilities - target) ** 2).sum(1).mean())


def test_ece_is_the_gap_between_confidence_and_accuracy_in_each_bin() -> None:
    some = answers([1] * 4, [1, 1, 1, 2], [0.95, 0.95, 0.95, 0.55], [True] * 4)
    assert evaluate.figures(some)["ece"] == pytest.approx((3 * 0.05 + 0.55) / 4)


def test_the_confusion_matrix_has_a_row_a_true_digit() -> None:
    counts = evaluate.confusion(np.array([1, 1, 7]), np.array([1, 7, 7]))
    assert counts[7, 1] == 1
    assert counts[1, 1] == counts[7, 7] == 1
    assert counts.sum() == 3


def test_bins_of_confidence_say_what_was_said_and_what_was_right() -> None:
    some = answers(
        [1, 1, 1, 1, NOT_A_DIGIT],
        [1, 1, 1, 2, 5],
        [0.96, 0.97, 0.91, 0.92, 0.3],
        [True] * 5,
    )
    lower, upper = evaluate.details(some)["reliability"]
    assert (lower["from"], lower["to"], lower["guesses"], lower["right"]) == (0.9, 0.95, 2, 0.5)
    assert lower["said"] == pytest.approx(0.915)
    assert (upper["from"], upper["to"], upper["guesses"], upper["right"]) == (0.95, 0.98, 2, 1)


def test_the_least_certain_are_given_up_first() -> None:
    confidence = [0.99 - place / 1000 for place in range(200)]
    guesses = [1] * 190 + [2] * 10
    points = evaluate.details(answers([1] * 200, guesses, confidence, [True] * 200))
    wrong = {point["kept"]: point["wrong"] for point in points["risk_coverage"]}
    assert wrong[0.95] == 0
    assert wrong[1.0] == pytest.approx(10 / 200)
    assert wrong[0.975] == pytest.approx(5 / 195)


def test_the_details_of_no_digit_at_all_are_empty_and_no_error() -> None:
    found = evaluate.details(answers([NOT_A_DIGIT], [1], [0.9], [True]))
    assert np.sum(found["confusion"]) == 0
    assert (found["reliability"], found["risk_coverage"]) == ([], [])
