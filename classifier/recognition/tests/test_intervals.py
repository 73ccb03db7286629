"""Exact intervals, compared with SciPy's and by simulation."""

import numpy as np
import pytest

from classifier.recognition.intervals import bound_share, find_upper_bound


@pytest.mark.parametrize(
    ("hits", "n"), [(0, 1), (1, 1), (0, 620), (3, 620), (617, 620), (5, 40_000)]
)
def test_interval_equals_scipys(hits: int, n: int) -> None:
    from scipy.stats import binomtest  # takes half a second

    expected = binomtest(hits, n).proportion_ci(method="exact")

    assert bound_share(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_interval_without_trials_is_from_0_to_1() -> None:
    assert bound_share(0, 0) == (0, 1)


def test_upper_bound_without_hits_has_a_closed_form() -> None:
    assert find_upper_bound(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))


def test_interval_covers_the_true_share_as_often_as_promised() -> None:
    hits = np.random.default_rng(0).binomial(200, 0.03, 500)
    bounds = [bound_share(int(each), 200) for each in hits]

    assert np.mean([low <= 0.03 <= high for low, high in bounds]) >= 0.95
