"""Metrics of strings, with results by hand."""

import numpy as np
import pytest

from training.evaluation import transcription
from training.evaluation.transcription import Transcriptions


@pytest.mark.parametrize(
    ("text", "reference", "edits"),
    [
        ("", "", 0),
        ("", "123", 3),
        ("123", "", 3),
        ("1572", "1572", 0),
        ("152", "1572", 1),
        ("15772", "1572", 1),
        ("71", "17", 2),
        ("9999", "1572", 4),
    ],
)
def test_edit_distance_counts_the_fewest_edits(text: str, reference: str, edits: int) -> None:
    assert transcription.edit_distance(text, reference) == edits


def test_metrics_count_pictures_and_characters() -> None:
    transcriptions = Transcriptions(
        ["12", "345", "", "78"],
        ["12", "346", "5", "78"],
        np.array([True, True, False, False]),
        np.array([1.0, 0.5, 0.0, 1.0]),
    )
    metrics = transcription.measure(transcriptions)
    assert (metrics.pictures, metrics.kept, metrics.characters) == (4, 2, 8)
    assert (metrics.whole_string_right, metrics.coverage) == (0.5, 0.5)
    assert metrics.whole_string_right_interval == pytest.approx([0.0676, 0.9324], abs=5e-5)
    assert metrics.accuracy_at_digit == 0.5
    assert metrics.character_error_rate == 2 / 8
    low, high = metrics.character_error_rate_interval
    assert 0 <= low < 2 / 8 < high <= 1
    assert metrics.ece == 0.5 / 4


def test_accuracy_at_digit_is_none_if_nothing_is_accepted() -> None:
    metrics = transcription.measure(Transcriptions(["1"], ["1"], np.zeros(1, bool), np.ones(1)))
    assert (metrics.accuracy_at_digit, metrics.accuracy_at_digit_interval) == (None, None)
