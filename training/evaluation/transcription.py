"""Measures how well whole strings of digits are read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.evaluate import compute_interval, measure_ece

RESAMPLES = 2_000


@dataclass(frozen=True)
class Transcriptions:
    """The texts read in N pictures, the right ones, and whether each was accepted.

    `confidence` (N,) is the probability, 0 to 1, that a whole text is right.
    """

    texts: list[str]
    references: list[str]
    accepted: NDArray[np.bool_]
    confidence: NDArray[np.float64]


@dataclass(frozen=True)
class StringMetrics:
    """Shares from 0 to 1 with exact 95 % intervals. `asdict` returns the JSON form.

    `whole_string_right` is the share of all `pictures`; `coverage` the share accepted as `digit`,
    whose count is `kept`; `accuracy_at_digit` the share of these that is right.
    `character_error_rate` is the number of edits per reference character, from 0; its interval
    resamples pictures (percentile bootstrap: Efron 1979). `ece` is the expected calibration error.
    """

    pictures: int
    whole_string_right: float
    whole_string_right_interval: list[float] | None
    coverage: float
    coverage_interval: list[float] | None
    kept: int
    accuracy_at_digit: float | None
    accuracy_at_digit_interval: list[float] | None
    characters: int
    character_error_rate: float
    character_error_rate_interval: list[float]
    ece: float


def measure(transcriptions: Transcriptions) -> StringMetrics:
    """Measure at least one transcription."""
    pairs = [*zip(transcriptions.texts, transcriptions.references, strict=True)]
    right = np.array([text == reference for text, reference in pairs], bool)
    accepted = right[transcriptions.accepted]
    edits = np.array([edit_distance(text, reference) for text, reference in pairs])
    lengths = np.array([len(reference) for _, reference in pairs])
    return StringMetrics(
        pictures=len(right),
        whole_string_right=float(right.mean()),
        whole_string_right_interval=compute_interval(right),
        coverage=float(transcriptions.accepted.mean()),
        coverage_interval=compute_interval(transcriptions.accepted),
        kept=len(accepted),
        accuracy_at_digit=float(accepted.mean()) if len(accepted) else None,
        accuracy_at_digit_interval=compute_interval(accepted),
        characters=int(lengths.sum()),
        character_error_rate=float(edits.sum() / max(lengths.sum(), 1)),
        character_error_rate_interval=_bootstrap(edits, lengths),
        ece=measure_ece(transcriptions.confidence, right),
    )


def edit_distance(text: str, reference: str) -> int:
    """Return the fewest insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(reference) + 1))
    for index, character in enumerate(text, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(reference, 1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (character != other))
            diagonal, row[column] = row[column], best
    return row[-1]


def _bootstrap(edits: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[float]:
    sample = np.random.default_rng(0).integers(len(edits), size=(RESAMPLES, len(edits)))
    rates = edits[sample].sum(axis=1) / np.maximum(lengths[sample].sum(axis=1), 1)
    return [float(bound) for bound in np.quantile(rates, (0.025, 0.975))]
