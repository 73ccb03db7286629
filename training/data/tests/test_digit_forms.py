"""Forms of digits as strokes, some of which are only used for calibration."""

import numpy as np
import pytest

from training.data.digit_forms import HEIGHT, DigitForms
from training.data.forms import list_forms


@pytest.mark.parametrize("include_held_out", [False, True])
def test_each_digit_has_forms_of_one_height(include_held_out: bool) -> None:
    forms, rng = DigitForms(include_held_out), np.random.default_rng(1)
    for digit in range(10):
        for position in (0.0, 0.5, 0.999):
            points = np.concatenate(forms.write_digit(digit, position, rng))
            assert np.ptp(points, axis=0).max() == pytest.approx(HEIGHT, rel=0.5)


def test_untaught_forms_are_not_used_in_training() -> None:
    learned = {(digit, str(strokes)) for digit, strokes in list_forms("habits")}
    held_out = list_forms("held_out")
    assert not learned & {(digit, str(strokes)) for digit, strokes in held_out}
    assert {digit for digit, _ in held_out} == set(range(10))
