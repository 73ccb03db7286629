"""Tests of the rating of labels."""

import numpy as np
import pytest

from classifier.recognition.label_errors import rate_labels
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from classifier.tests.pictures import Digits


def rate(probabilities: dict[int, float], rejection: float, label: int) -> float:
    row = np.zeros((1, 10))
    for digit, probability in probabilities.items():
        row[0, digit] = probability
    return float(rate_labels(row, np.array([rejection]), np.array([label]))[0])


@pytest.mark.parametrize(
    ("probabilities", "rejection", "label", "suspicion"),
    [
        ({7: 1.0}, 0.0, 7, 0.0),
        ({7: 1.0}, 0.0, 1, 1.0),
        ({7: 0.5, 1: 0.5}, 0.0, 1, 0.5),
        ({7: 0.75, 1: 0.25}, 0.0, 7, 0.25),
        ({7: 1.0}, 1.0, 7, 1.0),
        ({7: 1.0}, 1.0, NOT_A_DIGIT, 0.0),
        ({7: 1.0}, 0.0, NOT_A_DIGIT, 1.0),
    ],
)
def test_suspicion_is_the_scaled_margin_of_the_label(
    probabilities: dict[int, float], rejection: float, label: int, suspicion: float
) -> None:
    assert rate(probabilities, rejection, label) == pytest.approx(suspicion)


def test_wrong_labels_of_real_digits_are_the_most_suspicious(
    baseline: Recognizer, digits: Digits
) -> None:
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(digits[0]))[:500]
    labels = digits[1][chosen].astype(int)
    labels[:10] = (labels[:10] + rng.integers(1, 10, 10)) % 10
    recognitions = baseline.recognize(digits[0][chosen])

    suspicion = rate_labels(
        np.array([each.probabilities for each in recognitions]),
        np.array([each.scores["rejection"] for each in recognitions]),
        labels,
    )

    assert set(np.argsort(-suspicion)[:10].tolist()) == set(range(10))
