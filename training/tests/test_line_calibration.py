"""The confidence of lines is fitted on composed lines, and certified if there are enough."""

import numpy as np
import pytest

from classifier.recognition.lines.confidence import FEATURES
from classifier.recognition.lines.reader import LineReading
from classifier.recognition.recognizer import Recognizer
from classifier.tests.pictures import Digits
from training.data.images import Images
from training.lines.calibration import UNREACHABLE, calibrate_lines

pytestmark = pytest.mark.slow


def test_few_lines_are_fitted_but_not_certified(baseline: Recognizer, digits: Digits) -> None:
    calibration = calibrate_lines(baseline, Images(digits[0][::120], digits[1][::120]), seed=1)

    assert len(calibration.line_confidence["weights"]) == len(FEATURES)
    assert calibration.certificate.threshold is None
    assert calibration.threshold == UNREACHABLE


class BlankReader:
    """A line reader that never reads a digit."""

    def read_views(self, _: object) -> list[LineReading]:
        return [LineReading("", np.zeros((0, 4), np.float32), np.zeros((0, 10)), [("", 0.0)])]


def test_reader_without_digits_is_never_certain(
    baseline: Recognizer, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "line_reader", BlankReader())

    calibration = calibrate_lines(baseline, Images(digits[0][::250], digits[1][::250]), seed=1)

    assert (calibration.certificate.n, calibration.certificate.threshold) == (0, None)
    assert calibration.threshold == UNREACHABLE
