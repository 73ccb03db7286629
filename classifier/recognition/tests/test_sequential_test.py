"""The sequential test: its error rate, and the labels that it needs."""

import numpy as np
import pytest

from classifier.recognition.sequential_test import (
    ERROR,
    SHARES,
    Decision,
    count_labels_to_decision,
    decide,
    measure_evidence,
)


def simulate_promotions(share: float, runs: int, labels: int) -> list[int]:
    """Return after how many labels each simulated run promotes, `labels` + 1 if never."""
    right = np.cumsum(np.random.default_rng(0).random((runs, labels)) < share, axis=1)
    counts = np.arange(labels + 1)[:, None]
    growth = np.exp(counts * np.log(2 * SHARES))
    decline = np.exp(counts * np.log(2 * (1 - SHARES)))
    evidence = growth @ decline.T / len(SHARES)  # by right and wrong answers
    decided = evidence[right, np.arange(1, labels + 1) - right] >= 1 / ERROR
    return [int(row.argmax()) + 1 if row.any() else labels + 1 for row in decided]


@pytest.mark.slow
def test_equal_models_are_rarely_promoted_at_any_time() -> None:
    promoted = [count <= 200 for count in simulate_promotions(0.5, 10_000, 200)]

    assert np.mean(promoted) <= 0.05


def test_better_candidate_is_promoted_within_25_labels_on_average() -> None:
    counts = simulate_promotions(0.8, 2_000, 200)

    assert np.mean(counts) <= 25
    assert np.median(counts) <= 15


def test_evidence_is_unchanged_on_average_by_a_fair_coin() -> None:
    before = measure_evidence(6, 3)

    assert (measure_evidence(7, 3) + measure_evidence(6, 4)) / 2 == pytest.approx(before)


@pytest.mark.parametrize(
    ("better", "worse", "decision"),
    [
        (0, 0, Decision.UNDECIDED),
        (5, 0, Decision.UNDECIDED),
        (9, 1, Decision.PROMOTE),
        (1, 9, Decision.REJECT),
        (20, 18, Decision.UNDECIDED),
    ],
)
def test_decision_follows_the_labels(better: int, worse: int, decision: Decision) -> None:
    assert decide(better, worse) == decision


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (4, 1), (2, 6), (9, 1)])
def test_label_count_is_the_least_that_decides(better: int, worse: int) -> None:
    count = count_labels_to_decision(better, worse)
    ahead, behind = max(better, worse), min(better, worse)

    assert decide(ahead + count, behind) == Decision.PROMOTE
    assert not count or decide(ahead + count - 1, behind) == Decision.UNDECIDED
