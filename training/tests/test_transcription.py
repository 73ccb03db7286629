"""Figures of whole strings, worked out by hand."""

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
def test_edit_distance_counts_fewest_edits(text: str, reference: str, edits: int) -> None:
    assert transcription.edit_distance(text, reference) == edits


def test_figures_of_strings_are_worked_out_by_picture_and_by_character() -> None:
    read = Transcriptions(
        ["12", "345", "", "78"], ["12", "346", "5", "78"], np.array([True, True, False, False])
    )
    found = transcription.figures(read)
    assert (found["pictures"], found["kept"], found["characters"]) == (4, 2, 8)
    assert (found["whole_string_right"], found["coverage"]) == (0.5, 0.5)
    assert found["whole_string_right_interval"] == pytest.approx([0.0676, 0.9324], abs=5e-5)
    assert found["accuracy_at_digit"] == 0.5
    assert found["character_error_rate"] == 2 / 8
    low, high = found["character_error_rate_interval"]
    assert 0 <= low < 2 / 8 < high <= 1


def test_nothing_accepted_leaves_no_accuracy() -> None:
    found = transcription.figures(Transcriptions(["1"], ["1"], np.array([False])))
    assert (found["accuracy_at_digit"], found["accuracy_at_digit_interval"]) == (None, None)
