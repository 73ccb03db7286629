"""Readings of one line are combined."""

import math
from dataclasses import replace

import numpy as np
import pytest

from classifier.recognition.lines.reader import LineReading, combine_readings


def make_reading(**probabilities: float) -> LineReading:
    """Return a reading of texts like d17, best first."""
    texts = [(name[1:], math.log(share)) for name, share in probabilities.items()]
    count = len(texts[0][0])
    return LineReading(texts[0][0], np.zeros((count, 4), np.float32), np.eye(count, 10), texts)


def test_text_with_greatest_mean_is_chosen() -> None:
    place, reading = combine_readings(
        [make_reading(d17=0.6, d11=0.4), make_reading(d11=0.9, d17=0.05)]
    )

    assert (place, reading.text) == (1, "11")
    assert math.exp(reading.log_probability) == pytest.approx(0.65)


def test_agreement_of_views_raises_probability() -> None:
    agreed = combine_readings([make_reading(d17=0.8), make_reading(d17=0.8)])[1]
    alone = combine_readings([make_reading(d17=0.8), make_reading(d11=0.7)])[1]

    assert agreed.log_probability > alone.log_probability
    assert [text for text, _ in alone.alternatives] == ["17", "11"]


def test_other_reader_outweighs_less_certain_digits() -> None:
    reading = make_reading(d17=0.6, d11=0.3)
    reading = replace(
        reading, probabilities=np.array([[0.1] * 10, [0.4, 0.1, *[0] * 5, 0.5, 0, 0]])
    )
    other = np.array([np.eye(10)[1], [0, 0.9, *[0] * 5, 0.1, 0, 0]])

    weighed = reading.weigh(other)

    assert weighed.text == "11"
    assert math.exp(weighed.log_probability) == pytest.approx(0.3)
    assert weighed.margin == pytest.approx(math.log(0.3 / 0.6))
