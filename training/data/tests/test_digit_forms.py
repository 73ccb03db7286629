"""Forms of digits as strokes, some of which are only used for calibration."""

import numpy as np
import pytest

from training.data.digit_forms import FIELD, DigitForms
from training.data.forms import list_forms


@pytest.mark.parametrize("untaught", [False, True])
def test_each_digit_has_forms_of_one_height(untaught: bool) -> None:
    forms, rng = DigitForms(untaught), np.random.default_rng(1)
    for digit in range(10):
        for place in (0.0, 0.5, 0.999):
            points = np.concatenate(forms.write_digit(digit, place, rng))
            assert np.ptp(points, axis=0).max() == pytest.approx(FIELD, rel=0.5)


def test_untaught_forms_are_not_used_in_training() -> None:
    learned = {(digit, str(strokes)) for digit, strokes in list_forms("habits")}
    untaught = list_forms("untaught")
    assert not learned & {(digit, str(strokes)) for digit, strokes in untaught}
    assert {digit for digit, _ in untaught} == set(range(10))
