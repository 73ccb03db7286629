"""Computes exact binomial bounds on shares (Clopper & Pearson 1934)."""

import math

import numpy as np

CONFIDENCE = 0.95
STEPS = 50  # of bisection: accurate to 1e-15


def bound_share(hits: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two-sided interval, 0 to 1, of the share behind `hits` of `n`; n may be 0."""
    one_sided = (1 + confidence) / 2
    return 1 - find_upper_bound(n - hits, n, one_sided), find_upper_bound(hits, n, one_sided)


def find_upper_bound(hits: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Return the share at which at most `hits` of `n` have the probability 1 - `confidence`."""
    if hits >= n:
        return 1.0
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    k = np.arange(hits + 1)
    log_ways = log_factorials[n] - log_factorials[k] - log_factorials[n - k]
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        share = (low + high) / 2
        terms = log_ways + k * math.log(share) + (n - k) * math.log1p(-share)
        low, high = (share, high) if np.exp(terms).sum() > 1 - confidence else (low, share)
    return high
