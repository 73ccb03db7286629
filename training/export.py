"""Trained members → the files of a model folder."""

import contextlib
import io
import platform
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from classifier.recognition import model_folder
from training import network


class NoWeights(Exception):
    """A model folder has none that fit the network, so that it can't be fine-tuned."""


def write(folder: Path, members: list[keras.Model]) -> None:
    """All members as one LiteRT graph, and their weights to fine-tune from.

    Half precision, which changes no figure and keeps the folder half as large; LiteRT computes
    with all of float32.
    """
    export_graph(ensemble(members), folder / model_folder.GRAPH)
    np.savez(folder / model_folder.WEIGHTS, **_weights(members))  # type: ignore[arg-type]


def export_graph(model: keras.Model, path: Path) -> None:
    """Write a LiteRT graph whose weights have half precision; it computes with float32."""
    with contextlib.redirect_stdout(io.StringIO()):  # Keras announces each export
        model.export(
            path,
            format="litert",
            verbose=False,
            optimizations=[tf.lite.Optimize.DEFAULT],
            target_spec={"supported_types": [tf.float16]},
        )


def ensemble(members: list[keras.Model]) -> keras.Model:
    """One model: (N, 28, 28, 1) in 0…1 → (N, members, 11 + F): outputs, then features."""
    image = keras.Input((28, 28, 1))
    return keras.Model(
        image, layers.Concatenate(1)([_with_features(each)(image) for each in members])
    )


def _with_features(member: keras.Model) -> keras.Model:
    features = member.get_layer(network.FEATURES).output
    both = layers.Concatenate()([member.outputs[0], features])
    return keras.Model(member.inputs, layers.Reshape((1, both.shape[-1]))(both))


def _weights(members: list[keras.Model]) -> dict[str, np.ndarray]:
    return {
        f"{member}.{place:02}": array.astype(np.float16)
        for member, model in enumerate(members)
        for place, array in enumerate(model.get_weights())
    }


def read(folder: Path) -> list[keras.Model]:
    """The members of a model folder, as `write` left them. Raises NoWeights."""
    try:
        with (folder / model_folder.WEIGHTS).open("rb") as file, np.load(file) as stored:
            arrays = {name: stored[name].astype(np.float32) for name in stored.files}
        count = 1 + max(int(name.split(".")[0]) for name in arrays)
        return [_member(arrays, member) for member in range(count)]
    except (OSError, EOFError, LookupError, ValueError, BadZipFile) as error:
        raise NoWeights(
            f"{folder / model_folder.WEIGHTS} holds no weights of this network ({error}); "
            "train from scratch."
        ) from error


def _member(arrays: dict[str, np.ndarray], member: int) -> keras.Model:
    model = network.build()
    model.set_weights([arrays[f"{member}.{place:02}"] for place in range(len(model.get_weights()))])
    return model


def libraries() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
