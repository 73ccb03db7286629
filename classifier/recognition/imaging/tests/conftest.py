"""A fixture of real digits."""

from typing import Any

import numpy as np
import pytest

from classifier.recognition.imaging.arrays import Pixels


@pytest.fixture(scope="session", name="some")
def some_digits(digits: Any) -> Pixels:
    """Return (100, 28, 28) pixels, ten of each class, sorted by class."""
    pictures, labels = digits
    chosen: Pixels = np.concatenate([pictures[labels == c][:10] for c in range(10)])
    return chosen
