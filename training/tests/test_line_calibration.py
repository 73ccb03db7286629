"""Lines are calibrated on composed lines, and certified only where there are enough of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.line_confidence import FEATURES
from classifier.recognition.line_reader import LineReading
from classifier.recognition.recognizer import Recognizer
from training.data.images import Images
from training.line_calibration import NEVER, calibrate_lines

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def test_few_lines_fit_a_confidence_and_prove_nothing(baseline: Recognizer, digits: Digits) -> None:
    found = calibrate_lines(baseline, Images(digits[0][::60], digits[1][::60]), seed=1)

    assert len(found.line_confidence["weights"]) == len(FEATURES)
    assert found.certificate.threshold is None
    assert found.threshold == NEVER


class BlankReader:
    """A line reader that has learned nothing."""

    def read_views(self, _: object) -> list[LineReading]:
        return [LineReading("", np.zeros((0, 4), np.float32), np.zeros((0, 10)), [("", 0.0)])]


def test_reader_of_nothing_is_never_certain(
    baseline: Recognizer, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "line_reader", BlankReader())

    found = calibrate_lines(baseline, Images(digits[0][::250], digits[1][::250]), seed=1)

    assert (found.certificate.n, found.certificate.threshold) == (0, None)
    assert found.threshold == NEVER
