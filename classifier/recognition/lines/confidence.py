"""Estimate the probability that a whole line is right, from two readers."""

import math
from dataclasses import dataclass

import numpy as np

from classifier.recognition.labels import Verdict
from classifier.recognition.lines.reader import LineReading
from classifier.recognition.recognizer import Recognition
from classifier.recognition.uncertainty import Floats, sigmoid

MIN_PROBABILITY = 1e-6  # probabilities are limited to the range from this to 1 - this
MAX_MARGIN = 12.0
FEATURES = ("line", "margin", "weakest", "support", "pieces")


def measure_agreement(
    reading: LineReading, opinions: list[Recognition | None], pieces: list[Recognition]
) -> Floats:
    """Return the FEATURES of a line with at least one digit.

    `opinions` are the recognitions of the digits read, None for a digit without ink. `pieces` are
    those of the digits that imaging separates without the line reader.

    `line` is the logit of the line reader's probability of its text, and `margin` the log ratio to
    its second text. `weakest` and `support` are the least and the mean log probability of the
    digits by the recogniser. `pieces` is 1 if the pieces are certain and spell the same text, and
    else 0.
    """
    supports = [
        0.0
        if opinion is None
        else float(opinion.probabilities[int(digit)]) * (1 - opinion.scores["rejection"])
        for digit, opinion in zip(reading.text, opinions, strict=True)
    ]
    logs = np.log(np.maximum(supports, MIN_PROBABILITY))
    probability = min(max(math.exp(reading.log_probability), MIN_PROBABILITY), 1 - MIN_PROBABILITY)
    return np.array(
        [
            math.log(probability / (1 - probability)),
            min(reading.margin, MAX_MARGIN),
            logs.min(),
            logs.mean(),
            float(spell(pieces) == reading.text),
        ]
    )


def spell(pieces: list[Recognition]) -> str | None:
    """Return the text of digits that are all certain, or None."""
    if any(piece.verdict != Verdict.DIGIT for piece in pieces):
        return None
    return "".join(piece.best_guess for piece in pieces)


@dataclass(frozen=True)
class LineConfidence:
    """Logistic regression on FEATURES, with its `bias`."""

    weights: tuple[float, ...]
    bias: float

    def estimate(self, features: Floats) -> Floats:
        """Return the probability that each line is right, of features (…, FEATURES)."""
        return sigmoid(features @ np.array(self.weights) + self.bias)
