"""Ten real digits of each class."""

from typing import Any

import numpy as np
import pytest

from classifier.recognition.imaging.arrays import Pixels


@pytest.fixture(scope="session", name="some")
def some_digits(digits: Any) -> Pixels:
    """(100, 28, 28), those of class c from 10 * c on."""
    pictures, labels = digits
    chosen: Pixels = np.concatenate([pictures[labels == c][:10] for c in range(10)])
    return chosen
