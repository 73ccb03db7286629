"""Evaluated pictures with chosen answers."""

import numpy as np

from training.evaluation.evaluate import EvaluatedPictures


def make_pictures(
    truth: list[int],
    guesses: list[int],
    confidence: list[float] | None = None,
    accepted: list[bool] | None = None,
    source: list[str] | None = None,
) -> EvaluatedPictures:
    """Return pictures, by default with certain and accepted answers, of unknown writers."""
    count = len(truth)
    highest = np.array(confidence or [1.0] * count)
    probabilities = np.repeat((1 - highest[:, np.newaxis]) / 9, 10, axis=1)
    probabilities[np.arange(count), guesses] = highest
    return EvaluatedPictures(
        probabilities=probabilities,
        certainty=highest,
        accepted=np.array(accepted or [True] * count, bool),
        right=np.array(truth) == np.array(guesses),
        truth=np.array(truth, np.int64),
        source=np.array(source or [""] * count),
    )
