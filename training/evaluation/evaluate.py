"""How good and how honest answers are: probabilities, verdicts and truths in, figures out."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.labels import Verdict
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from training.data.images import Images
from training.evaluation.intervals import interval

BINS = 15
# Most guesses are nearly certain, so bins that are to be seen narrow towards 1.
SHOWN_BINS = np.array([0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0])
SHOWN_SHARES = np.arange(0.9, 1.0001, 0.005)


@dataclass(frozen=True)
class Answers:
    """Of N pictures.

    `probabilities` is (N, 10); `certainty` (N,), higher for what looks more like a digit;
    `kept` (N,), whether the verdict is `digit`; `right` (N,), whether the best guess is right;
    `truth` (N,), 0…9, or NOT_A_DIGIT; `source` (N,), whose picture it is, or "".
    """

    probabilities: NDArray[np.float64]
    certainty: NDArray[np.float64]
    kept: NDArray[np.bool_]
    right: NDArray[np.bool_]
    truth: NDArray[np.int64]
    source: NDArray[np.str_]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(N,): of a digit, whether the best guess is right; else, whether it is refused."""
        return np.where(self.truth == NOT_A_DIGIT, ~self.kept, self.right)

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Answers":
        return Answers(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: "list[Answers]") -> "Answers":
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def of_images(recognizer: Recognizer, images: Images) -> Answers:
    recognitions = recognizer.recognize(images.pixels)
    probabilities = np.array([recognition.probabilities for recognition in recognitions])
    return Answers(
        probabilities=probabilities,
        certainty=np.array([recognition.certainty for recognition in recognitions]),
        kept=np.array([found.verdict == Verdict.DIGIT for found in recognitions]),
        right=probabilities.argmax(axis=1) == images.labels,
        truth=images.labels.astype(np.int64),
        source=np.full(len(images), ""),
    )


def figures(answers: Answers) -> dict[str, Any]:
    """Shares are 0 to 1; a figure that the pictures can't give is None. NAME_interval is the exact
    95 % interval of the share NAME.

    `macro_accuracy_by_source`: the mean of the sources' accuracies; `coverage`: digits with
    verdict `digit`, which are `kept`; `accuracy_at_digit`: those of them that are right;
    `non_digits_refused`: non-digits with another verdict; `auroc` and `fpr95` of separating digits
    from non-digits; `ece` with 15 bins (Guo et al. 2017), `nll` in nats, `brier` 0 to 2.
    """
    digit = answers.truth != NOT_A_DIGIT
    kept = digit & answers.kept
    return {
        "digits": int(digit.sum()),
        "non_digits": int((~digit).sum()),
        "kept": int(kept.sum()),
        **_share("accuracy", answers.right[digit]),
        "macro_accuracy_by_source": _macro(answers.right[digit], answers.source[digit]),
        **_share("coverage", answers.kept[digit]),
        **_share("accuracy_at_digit", answers.right[kept]),
        **_share("non_digits_refused", ~answers.kept[~digit]),
        "auroc": auroc(answers.certainty[digit], answers.certainty[~digit]),
        "fpr95": fpr95(answers.certainty[digit], answers.certainty[~digit]),
        **calibration(answers.probabilities[digit], answers.truth[digit]),
    }


def _share(name: str, hits: NDArray[np.bool_]) -> dict[str, Any]:
    mean = float(hits.mean()) if len(hits) else None
    return {name: mean, f"{name}_interval": interval(hits)}


def _macro(right: NDArray[np.bool_], source: NDArray[np.str_]) -> float | None:
    named = [name for name in np.unique(source) if name]
    return float(np.mean([right[source == name].mean() for name in named])) if named else None


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float | None:
    """The chance that a positive scores above a negative; ties count half (Mann–Whitney U)."""
    if not len(positive) or not len(negative):
        return None
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    not_above = np.searchsorted(ordered, positive, "right")
    return float((below + not_above).mean() / (2 * len(negative)))


def fpr95(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float | None:
    """The share of negatives let through by the threshold that keeps 95 % of the positives."""
    if not len(positive) or not len(negative):
        return None
    threshold = np.sort(positive)[int(0.05 * len(positive))]
    return float((negative >= threshold).mean())


def calibration(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64]
) -> dict[str, float | None]:
    if not len(truth):
        return {"ece": None, "nll": None, "brier": None}
    of_truth = probabilities[np.arange(len(truth)), truth]
    squares = (probabilities**2).sum(axis=1) - 2 * of_truth + 1
    return {
        "ece": _ece(probabilities, truth),
        "nll": float(-np.log(np.maximum(of_truth, 1e-12)).mean()),
        "brier": float(squares.mean()),
    }


def _ece(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))


def details(answers: Answers) -> dict[str, Any]:
    """Of the digits among them, what charts are drawn from.

    `confusion`: 10 × 10 counts, a row a true digit, a column a guess; `reliability`: of each bin
    of confidence `from`, `to`, how many `guesses`, what they `said` on the mean, and the share
    `right`; `risk_coverage`: where the share `kept` is, the least certain being given up first,
    the share of these that is `wrong`.
    """
    digits = answers[answers.truth != NOT_A_DIGIT]
    guesses = digits.probabilities.argmax(axis=1)
    return {
        "confusion": confusion(guesses, digits.truth).tolist(),
        "reliability": reliability(digits),
        "risk_coverage": risk_coverage(digits),
    }


def reliability(digits: Answers) -> list[dict[str, float]]:
    """How often guesses of each confidence are right (Guo et al. 2017); no bin is empty."""
    confidence = digits.probabilities.max(axis=1)
    bins = np.clip(np.digitize(confidence, SHOWN_BINS) - 1, 0, len(SHOWN_BINS) - 2)
    return [
        {
            "from": float(SHOWN_BINS[place]),
            "to": float(SHOWN_BINS[place + 1]),
            "guesses": int((bins == place).sum()),
            "said": float(confidence[bins == place].mean()),
            "right": float(digits.right[bins == place].mean()),
        }
        for place in np.unique(bins).tolist()
    ]


def risk_coverage(digits: Answers) -> list[dict[str, float]]:
    wrong = (~digits.right[np.argsort(-digits.certainty, kind="stable")]).cumsum()
    kept = np.unique(np.round(SHOWN_SHARES * len(wrong)).astype(int))
    return [
        {"kept": count / len(wrong), "wrong": int(wrong[count - 1]) / count}
        for count in kept.tolist()
        if count
    ]


def confusion(guesses: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """(10, 10) counts: a row a true digit, a column a guess."""
    return np.bincount(truth * 10 + guesses, minlength=100).reshape(10, 10)
