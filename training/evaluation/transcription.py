"""How well whole strings of digits are read, by texts and reference texts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.intervals import interval

RESAMPLES = 2_000


@dataclass(frozen=True)
class Transcriptions:
    """Texts read in N pictures, what is written there, and whether each was accepted (N,)."""

    texts: list[str]
    references: list[str]
    accepted: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        pairs = zip(self.texts, self.references, strict=True)
        return np.array([text == reference for text, reference in pairs], bool)


def figures(read: Transcriptions) -> dict[str, Any]:
    """Return shares from 0 to 1 with 95 % intervals, at least one picture being given.

    `whole_string_right`, of all `pictures`; `coverage`, the share accepted as `digit`;
    `accuracy_at_digit`, the share right of the `kept` ones, None without any;
    `character_error_rate`: edits over the `characters` of the references, 0 on, whose interval
    resamples pictures (percentile bootstrap: Efron 1979). The other intervals are exact.
    """
    right, accepted = read.right, read.accepted
    kept = right[accepted]
    edits = np.array([*map(edit_distance, read.texts, read.references)])
    lengths = np.array([*map(len, read.references)])
    return {
        "pictures": len(right),
        "whole_string_right": float(right.mean()),
        "whole_string_right_interval": interval(right),
        "coverage": float(accepted.mean()),
        "coverage_interval": interval(accepted),
        "kept": len(kept),
        "accuracy_at_digit": float(kept.mean()) if len(kept) else None,
        "accuracy_at_digit_interval": interval(kept),
        "characters": int(lengths.sum()),
        "character_error_rate": float(edits.sum() / max(lengths.sum(), 1)),
        "character_error_rate_interval": _bootstrap(edits, lengths),
    }


def edit_distance(text: str, reference: str) -> int:
    """Return the fewest insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(reference) + 1))
    for place, character in enumerate(text, 1):
        diagonal, row[0] = row[0], place
        for column, other in enumerate(reference, 1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (character != other))
            diagonal, row[column] = row[column], best
    return row[-1]


def _bootstrap(edits: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[float]:
    drawn = np.random.default_rng(0).integers(len(edits), size=(RESAMPLES, len(edits)))
    rates = edits[drawn].sum(axis=1) / np.maximum(lengths[drawn].sum(axis=1), 1)
    return [float(bound) for bound in np.quantile(rates, (0.025, 0.975))]
