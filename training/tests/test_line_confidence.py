"""The confidence of a line is fitted by logistic regression."""

import numpy as np

from classifier.recognition.lines.confidence import FEATURES
from training.lines.calibration import fit_confidence


def test_fit_recovers_logistic_probabilities() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(0, 2, (4000, len(FEATURES)))
    truth = 1 / (1 + np.exp(-(features[:, 0] + 0.5 * features[:, 1] + 1)))
    fitted = fit_confidence(features, rng.random(4000) < truth, decay=1e-4)
    assert np.abs(fitted.estimate(features) - truth).mean() < 0.03


def test_right_lines_only_give_high_confidence() -> None:
    features = np.random.default_rng(1).normal(0, 1, (50, len(FEATURES)))
    fitted = fit_confidence(features, np.ones(50, bool))
    assert (fitted.estimate(features) > 0.99).all()
