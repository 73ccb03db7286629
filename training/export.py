"""Trained members → the files of a model folder."""

import contextlib
import io
import platform
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from classifier import artifact
from training import cnn

WEIGHTS = "weights.npz"


def write(folder: Path, members: list[keras.Model]) -> None:
    """All members as one LiteRT graph, and their weights to fine-tune from."""
    with contextlib.redirect_stdout(io.StringIO()):  # Keras announces each export
        cnn.ensemble(members).export(folder / artifact.GRAPH, format="litert", verbose=False)
    np.savez(folder / WEIGHTS, **_weights(members))  # type: ignore[arg-type]


def _weights(members: list[keras.Model]) -> dict[str, np.ndarray]:
    """Half precision: fine-tuning starts from them, and the folder stays half as large."""
    return {
        f"{member}.{place:02}": array.astype(np.float16)
        for member, model in enumerate(members)
        for place, array in enumerate(model.get_weights())
    }


def libraries() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
