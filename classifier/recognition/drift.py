"""Detects a change in a stream of scores, with a bound on the rate of false alarms."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

import numpy as np

from classifier.recognition.uncertainty import Floats


def compute_p_values(scores: Iterable[float], rng: np.random.Generator) -> Floats:
    """Return the conformal p-value, 0 to 1, of each score among those before it.

    The p-values of exchangeable scores are independent and uniform (Vovk, Gammerman & Shafer 2005,
    theorem 8.2). Unusually large scores have small p-values.
    """
    before: list[float] = []
    p_values = []
    for score in scores:
        not_larger = bisect_right(before, score)
        larger = len(before) - not_larger
        equal = not_larger - bisect_left(before, score) + 1
        p_values.append((larger + rng.random() * equal) / (len(before) + 1))
        insort(before, score)
    return np.array(p_values)


def bet_on_small(p_values: Floats) -> Floats:
    """Return e-values, large for small p-values: the mean of κ·p^(κ-1) over all κ from 0 to 1.

    Their expectation is 1 under uniform p-values (Vovk & Wang 2021).
    """
    p = np.clip(p_values, 1e-12, 1 - 1e-9)
    logs = np.log(p)
    return np.asarray((1 - p + p * logs) / (p * logs**2))


def detect_change(e_values: Floats) -> Floats:
    """Return the Shiryaev–Roberts statistic after each e-value.

    Without a change, the mean number of e-values until it first reaches c is at least c (Shin,
    Ramdas & Rinaldo 2024, "E-detectors"). A mean of several such statistics has that property too.
    """
    statistic, values = 0.0, []
    for e_value in e_values:
        statistic = min((statistic + 1) * float(e_value), 1e300)
        values.append(statistic)
    return np.array(values)
