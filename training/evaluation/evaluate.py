"""Measures answers: how often they are right, how well calibrated, how well they reject."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.intervals import bound_share
from classifier.recognition.labels import Label, Verdict
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from training.data.images import Images

BINS = 15


@dataclass(frozen=True)
class EvaluatedPictures:
    """Answers for N pictures and the truth.

    `probabilities` is (N, 10); `certainty` (N,) is higher for pictures more like a digit;
    `accepted` (N,) is whether the verdict is `digit`, `right` (N,) whether the best guess is right;
    `truth` (N,) is 0 to 9 or NOT_A_DIGIT; `source` (N,) names the writer, or is "".
    """

    probabilities: NDArray[np.float64]
    certainty: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    right: NDArray[np.bool_]
    truth: NDArray[np.int64]
    source: NDArray[np.str_]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Flags (N,) of digits that are guessed right, and of non-digits that are not accepted."""
        return np.where(self.truth == NOT_A_DIGIT, ~self.accepted, self.right)

    @cached_property
    def texts(self) -> list[str]:
        """The answers (N): the best guess, with "?" if it is not accepted.

        A non-digit that is not accepted has the answer "not_a_digit".
        """
        guesses = self.probabilities.argmax(axis=1).tolist()
        return [
            str(guess) if accepted else Label.NOT_A_DIGIT if truth == NOT_A_DIGIT else f"{guess}?"
            for guess, accepted, truth in zip(guesses, self.accepted, self.truth, strict=True)
        ]

    @property
    def digits(self) -> "EvaluatedPictures":
        return self[self.truth != NOT_A_DIGIT]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "EvaluatedPictures":
        return EvaluatedPictures(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: "list[EvaluatedPictures]") -> "EvaluatedPictures":
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class Metrics:
    """Shares from 0 to 1, None if there is nothing to measure. `asdict` returns the JSON form.

    NAME_interval is the exact 95 % interval of the share NAME. `macro_accuracy_by_source` is the
    mean of the sources' accuracies; `coverage` the share of digits with verdict `digit`, whose
    count is `kept`; `accuracy_at_digit` the share of these that are right; `non_digits_refused` the
    share of non-digits with another verdict. `auroc` and `fpr95` measure how well certainty
    separates digits from non-digits. `ece` has 15 bins (Guo et al. 2017), `nll` is in nats, `brier`
    from 0 to 2.
    """

    digits: int
    non_digits: int
    kept: int
    accuracy: float | None
    accuracy_interval: list[float] | None
    macro_accuracy_by_source: float | None
    coverage: float | None
    coverage_interval: list[float] | None
    accuracy_at_digit: float | None
    accuracy_at_digit_interval: list[float] | None
    non_digits_refused: float | None
    non_digits_refused_interval: list[float] | None
    auroc: float | None
    fpr95: float | None
    ece: float | None
    nll: float | None
    brier: float | None


def evaluate_images(recognizer: Recognizer, images: Images) -> EvaluatedPictures:
    recognitions = recognizer.recognize(images.pixels)
    probabilities = np.array([each.probabilities for each in recognitions]).reshape(-1, 10)
    return EvaluatedPictures(
        probabilities=probabilities,
        certainty=np.array([each.certainty for each in recognitions]),
        accepted=np.array([each.verdict == Verdict.DIGIT for each in recognitions], bool),
        right=probabilities.argmax(axis=1) == images.labels,
        truth=images.labels.astype(np.int64),
        source=np.full(len(images), ""),
    )


def measure(pictures: EvaluatedPictures) -> Metrics:
    digits, non_digits = pictures.digits, pictures[pictures.truth == NOT_A_DIGIT]
    accepted = digits[digits.accepted]
    ece, nll, brier = _measure_calibration(digits)
    return Metrics(
        digits=len(digits.truth),
        non_digits=len(non_digits.truth),
        kept=len(accepted.truth),
        accuracy=_average(digits.right),
        accuracy_interval=compute_interval(digits.right),
        macro_accuracy_by_source=_average_sources(digits),
        coverage=_average(digits.accepted),
        coverage_interval=compute_interval(digits.accepted),
        accuracy_at_digit=_average(accepted.right),
        accuracy_at_digit_interval=compute_interval(accepted.right),
        non_digits_refused=_average(~non_digits.accepted),
        non_digits_refused_interval=compute_interval(~non_digits.accepted),
        auroc=auroc(digits.certainty, non_digits.certainty),
        fpr95=fpr95(digits.certainty, non_digits.certainty),
        ece=ece,
        nll=nll,
        brier=brier,
    )


def compute_interval(hits: NDArray[np.bool_]) -> list[float] | None:
    """Return the exact 95 % interval, 0 to 1, of the share of hits (N,); None if N is 0."""
    return [*bound_share(int(hits.sum()), len(hits))] if len(hits) else None


def _average(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _average_sources(digits: EvaluatedPictures) -> float | None:
    names = [name for name in np.unique(digits.source) if name]
    shares = [digits.right[digits.source == name].mean() for name in names]
    return float(np.mean(shares)) if shares else None


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float | None:
    """Return the probability that a positive scores above a negative (Mann–Whitney U).

    Ties count half.
    """
    if not len(positive) or not len(negative):
        return None
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    not_above = np.searchsorted(ordered, positive, "right")
    return float((below + not_above).mean() / (2 * len(negative)))


def fpr95(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float | None:
    """Return the share of negatives above the threshold that accepts 95 % of the positives."""
    if not len(positive) or not len(negative):
        return None
    threshold = np.sort(positive)[int(0.05 * len(positive))]
    return float((negative >= threshold).mean())


def _measure_calibration(
    digits: EvaluatedPictures,
) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return expected calibration error, negative log likelihood and Brier score."""
    if not len(digits.truth):
        return None, None, None
    probabilities = digits.probabilities
    likelihoods = probabilities[np.arange(len(digits.truth)), digits.truth]
    squares = (probabilities**2).sum(axis=1) - 2 * likelihoods + 1
    nll = float(-np.log(np.maximum(likelihoods, 1e-12)).mean())
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == digits.truth
    return measure_ece(confidence, right), nll, float(squares.mean())


def measure_ece(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error, 0 to 1, of N answers (Guo et al. 2017)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))
