"""Computes the data of charts: confusion, reliability and risk–coverage."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.evaluate import EvaluatedPictures

# Most guesses are nearly certain, so the bins become narrower towards 1.
CONFIDENCE_BINS = np.array([0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0])
KEPT_SHARES = np.arange(0.9, 1.0001, 0.005)

Json = dict[str, Any]


def make_chart_data(digits: EvaluatedPictures) -> Json:
    """Return the data in their JSON form.

    `confusion` is (10, 10) counts with a row per true digit and a column per guess.
    """
    guesses = digits.probabilities.argmax(axis=1)
    return {
        "confusion": count_confusions(guesses, digits.truth).tolist(),
        "reliability": _bin_by_confidence(digits),
        "risk_coverage": _measure_risk(digits),
    }


def count_confusions(guesses: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(truth * 10 + guesses, minlength=100).reshape(10, 10)


def _bin_by_confidence(digits: EvaluatedPictures) -> list[Json]:
    """Return the bins that hold guesses (Guo et al. 2017).

    `said` is the mean confidence of the guesses with a confidence `from` … `to`, and `right` the
    share of them that is right.
    """
    confidence = digits.probabilities.max(axis=1)
    bins = np.clip(np.digitize(confidence, CONFIDENCE_BINS) - 1, 0, len(CONFIDENCE_BINS) - 2)
    return [
        {
            "from": float(CONFIDENCE_BINS[index]),
            "to": float(CONFIDENCE_BINS[index + 1]),
            "guesses": int((bins == index).sum()),
            "said": float(confidence[bins == index].mean()),
            "right": float(digits.right[bins == index].mean()),
        }
        for index in np.unique(bins).tolist()
    ]


def _measure_risk(digits: EvaluatedPictures) -> list[Json]:
    """Return the share `wrong` of the most certain guesses if only the share `kept` is accepted."""
    wrong = (~digits.right[np.argsort(-digits.certainty, kind="stable")]).cumsum()
    kept = np.unique(np.round(KEPT_SHARES * len(wrong)).astype(int))
    return [
        {"kept": count / len(wrong), "wrong": int(wrong[count - 1]) / count}
        for count in kept.tolist()
        if count
    ]
