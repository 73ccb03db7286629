"""Rates how likely labels are wrong."""

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.uncertainty import Floats


def rate_labels(probabilities: Floats, rejection: Floats, classes: NDArray[np.intp]) -> Floats:
    """Return how likely each of N labels is wrong, 0 to 1.

    `probabilities` (N, 10) of the digits and `rejection` (N,), the probability that an image is not
    a digit, are predictions of a model that has not learned these labels. `classes` (N,) are the
    labels: 0 to 9, and 10 for not a digit.

    This is the normalised margin of confident learning (Northcutt, Jiang & Chuang 2021), scaled:
    0 if the model is certain of the label, 1/2 if another answer is as likely, and 1 if it is
    certain of another answer.
    """
    answers = np.column_stack([probabilities * (1 - rejection[:, np.newaxis]), rejection])
    places = np.arange(len(answers)), classes
    own = answers[places]
    answers[places] = -np.inf
    return np.asarray(np.clip((1 + answers.max(axis=1) - own) / 2, 0, 1))
