"""Exact binomial bounds on a share (Clopper & Pearson 1934)."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

CONFIDENCE = 0.95


def interval(hits: NDArray[np.bool_]) -> list[float] | None:
    """Return the two-sided 95 % interval, 0 to 1, of the share of (N,) `hits`; None without any."""
    if not len(hits):
        return None
    one_sided = (1 + CONFIDENCE) / 2
    count, n = int(hits.sum()), len(hits)
    return [1 - upper_bound(n - count, n, one_sided), upper_bound(count, n, one_sided)]


def upper_bound(hits: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided exact upper bound of the share behind `hits` of `n`, 0 to 1."""
    return float(betaincinv(hits + 1, n - hits, confidence)) if hits < n else 1.0


def p_value(errors: NDArray[np.int64], n: NDArray[np.int64], level: float) -> NDArray[np.float64]:
    """Return the chance of no more than `errors` of `n` where the share is `level`."""
    return np.asarray(bdtr(errors, n, level))
