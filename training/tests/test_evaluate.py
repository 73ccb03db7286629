"""Metrics and chart data, compared with scikit-learn or with results by hand."""

import numpy as np
import pytest

from classifier.recognition.recognizer import NOT_A_DIGIT
from training.evaluation import charts, evaluate
from training.tests.pictures import make_pictures


def test_shares_count_digits_or_non_digits() -> None:
    metrics = evaluate.measure(
        make_pictures(
            truth=[1, 2, 3, 4, NOT_A_DIGIT, NOT_A_DIGIT],
            guesses=[1, 2, 9, 4, 5, 5],
            confidence=[0.9, 0.9, 0.9, 0.5, 0.9, 0.4],
            accepted=[True, True, True, False, True, False],
        )
    )
    assert metrics.digits == 4
    assert metrics.non_digits == 2
    assert metrics.accuracy == 0.75
    assert metrics.coverage == 0.75
    assert metrics.accuracy_at_digit == pytest.approx(2 / 3)
    assert metrics.non_digits_refused == 0.5
    assert metrics.kept == 3
    assert metrics.accuracy_interval == pytest.approx([0.1941, 0.9937], abs=5e-5)


def test_sources_count_equally_in_macro_accuracy() -> None:
    some = make_pictures([1, 2, 3, 4], [1, 2, 3, 9], source=["ann", "ann", "ann", "ben"])
    assert evaluate.measure(some).accuracy == 0.75
    assert evaluate.measure(some).macro_accuracy_by_source == 0.5


def test_metric_without_pictures_is_none() -> None:
    metrics = evaluate.measure(make_pictures([1], [1]))
    assert (metrics.auroc, metrics.fpr95, metrics.non_digits_refused) == (None, None, None)
    assert metrics.non_digits_refused_interval is None
    metrics = evaluate.measure(make_pictures([NOT_A_DIGIT], [1]))
    assert (metrics.accuracy, metrics.ece, metrics.nll, metrics.brier) == (None,) * 4


def test_auroc_with_ties_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    positive, negative = random.integers(3, 12, 200) / 10, random.integers(0, 9, 300) / 10
    truth = np.repeat([1, 0], [200, 300])
    expected = roc_auc_score(truth, np.concatenate([positive, negative]))
    assert evaluate.auroc(positive, negative) == pytest.approx(expected)


def test_fpr95_is_the_share_accepted_with_95_percent_of_digits() -> None:
    positive = np.arange(100) / 100
    negative = np.array([0.01, 0.04, 0.05, 0.5])
    assert evaluate.fpr95(positive, negative) == 0.5


def test_nll_agrees_with_scikit_learn_and_brier_with_its_definition() -> None:
    from sklearn.metrics import log_loss

    some = make_pictures([1, 2, 3], [1, 2, 4], [0.9, 0.6, 0.7])
    metrics = evaluate.measure(some)
    assert metrics.nll == pytest.approx(
        log_loss(some.truth, some.probabilities, labels=list(range(10)))
    )
    target = np.eye(10)[some.truth]
    assert metrics.brier == pytest.approx(((some.probabilities - target) ** 2).sum(1).mean())


def test_ece_is_the_mean_gap_between_confidence_and_accuracy() -> None:
    some = make_pictures([1] * 4, [1, 1, 1, 2], [0.95, 0.95, 0.95, 0.55])
    assert evaluate.measure(some).ece == pytest.approx((3 * 0.05 + 0.55) / 4)


def test_confusion_matrix_has_a_row_per_true_digit() -> None:
    counts = charts.count_confusions(np.array([1, 1, 7]), np.array([1, 7, 7]))
    assert counts[7, 1] == 1
    assert counts[1, 1] == counts[7, 7] == 1
    assert counts.sum() == 3


def test_reliability_bins_hold_confidence_and_accuracy() -> None:
    some = make_pictures([1, 1, 1, 1, NOT_A_DIGIT], [1, 1, 1, 2, 5], [0.96, 0.97, 0.91, 0.92, 0.3])
    lower, upper = charts.make_chart_data(some.digits)["reliability"]
    assert lower.pop("said") == pytest.approx(0.915)
    assert lower == {"from": 0.9, "to": 0.95, "guesses": 2, "right": 0.5}
    assert (upper["from"], upper["to"], upper["guesses"], upper["right"]) == (0.95, 0.98, 2, 1)


def test_risk_counts_the_most_certain_guesses() -> None:
    confidence = [0.99 - index / 1000 for index in range(200)]
    guesses = [1] * 190 + [2] * 10
    pictures = make_pictures([1] * 200, guesses, confidence)
    points = charts.make_chart_data(pictures.digits)["risk_coverage"]
    wrong = {point["kept"]: point["wrong"] for point in points}
    assert wrong[0.95] == 0
    assert wrong[1.0] == pytest.approx(10 / 200)
    assert wrong[0.975] == pytest.approx(5 / 195)


def test_chart_data_without_digits_are_empty() -> None:
    data = charts.make_chart_data(make_pictures([NOT_A_DIGIT], [1]).digits)
    assert not np.any(data["confusion"])
    assert (data["reliability"], data["risk_coverage"]) == ([], [])
