"""Computes the data of charts: confusion, reliability and risk–coverage."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.evaluate import EvaluatedPictures

# Most guesses are nearly certain, so the bins become narrower towards 1.
CONFIDENCE_BINS = np.array([0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0])
KEPT_SHARES = np.arange(0.9, 1.0001, 0.005)


@dataclass(frozen=True)
class ReliabilityBin:
    """The guesses with a confidence from `low` to `high`, and the share of them that is right."""

    low: float
    high: float
    guesses: int
    mean_confidence: float
    right: float

    def to_json(self) -> dict[str, float]:
        return {
            "from": self.low,
            "to": self.high,
            "guesses": self.guesses,
            "said": self.mean_confidence,
            "right": self.right,
        }


@dataclass(frozen=True)
class RiskPoint:
    """The share `wrong` of the most certain guesses, if only the share `kept` is accepted."""

    kept: float
    wrong: float


@dataclass(frozen=True)
class ChartData:
    """`confusion` is (10, 10) counts with a row per true digit and a column per guess."""

    confusion: NDArray[np.int64]
    reliability: list[ReliabilityBin]
    risk_coverage: list[RiskPoint]

    def to_json(self) -> dict[str, Any]:
        return {
            "confusion": self.confusion.tolist(),
            "reliability": [each.to_json() for each in self.reliability],
            "risk_coverage": [asdict(point) for point in self.risk_coverage],
        }


def make_chart_data(digits: EvaluatedPictures) -> ChartData:
    guesses = digits.probabilities.argmax(axis=1)
    return ChartData(
        confusion=count_confusions(guesses, digits.truth),
        reliability=bin_by_confidence(digits),
        risk_coverage=_measure_risk(digits),
    )


def count_confusions(guesses: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (10, 10) counts with a row per true digit and a column per guess."""
    return np.bincount(truth * 10 + guesses, minlength=100).reshape(10, 10)


def bin_by_confidence(digits: EvaluatedPictures) -> list[ReliabilityBin]:
    """Return the bins that hold guesses (Guo et al. 2017)."""
    confidence = digits.probabilities.max(axis=1)
    bins = np.clip(np.digitize(confidence, CONFIDENCE_BINS) - 1, 0, len(CONFIDENCE_BINS) - 2)
    return [
        ReliabilityBin(
            low=float(CONFIDENCE_BINS[place]),
            high=float(CONFIDENCE_BINS[place + 1]),
            guesses=int((bins == place).sum()),
            mean_confidence=float(confidence[bins == place].mean()),
            right=float(digits.right[bins == place].mean()),
        )
        for place in np.unique(bins).tolist()
    ]


def _measure_risk(digits: EvaluatedPictures) -> list[RiskPoint]:
    wrong = (~digits.right[np.argsort(-digits.certainty, kind="stable")]).cumsum()
    kept = np.unique(np.round(KEPT_SHARES * len(wrong)).astype(int))
    return [
        RiskPoint(kept=count / len(wrong), wrong=int(wrong[count - 1]) / count)
        for count in kept.tolist()
        if count
    ]
