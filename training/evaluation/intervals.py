"""Computes exact binomial bounds on shares (Clopper & Pearson 1934)."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

CONFIDENCE = 0.95


def compute_interval(hits: NDArray[np.bool_]) -> list[float] | None:
    """Return the two-sided 95 % interval, 0 to 1, of the share of hits (N,); None if N is 0."""
    if not len(hits):
        return None
    one_sided = (1 + CONFIDENCE) / 2
    count, n = int(hits.sum()), len(hits)
    return [1 - upper_bound(n - count, n, one_sided), upper_bound(count, n, one_sided)]


def upper_bound(hits: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided upper bound, 0 to 1, of the share behind `hits` of `n`."""
    return float(betaincinv(hits + 1, n - hits, confidence)) if hits < n else 1.0


def p_value(errors: NDArray[np.int64], n: NDArray[np.int64], level: float) -> NDArray[np.float64]:
    """Return the probability of at most `errors` of `n` if the share of errors is `level`."""
    return np.asarray(bdtr(errors, n, level))
