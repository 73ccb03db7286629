"""Lines are calibrated on composed lines, and certified only where there are enough of them."""

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.line_confidence import FEATURES
from classifier.recognizer import Recognizer
from training.images import Images
from training.line_calibration import NEVER, calibrate_lines

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def test_few_lines_fit_a_confidence_and_prove_nothing(baseline: Recognizer, digits: Digits) -> None:
    found = calibrate_lines(baseline, Images(digits[0][::60], digits[1][::60]), seed=1)

    assert len(found.line_confidence["weights"]) == len(FEATURES)
    assert found.certificate.threshold is None
    assert found.threshold == NEVER
