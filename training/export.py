"""Writes trained members to a model folder, and reads them back."""

import platform
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from classifier.errors import RuleBroken
from classifier.recognition import model_folder
from classifier.recognition.imaging.errors import gettext_noop
from training import network


def write_members(folder: Path, members: list[keras.Model]) -> None:
    """Write all members as one LiteRT graph, and their weights for fine-tuning.

    Half precision halves the size of the folder and changes no metric.
    """
    export_graph(_join_members(members), folder / model_folder.GRAPH)
    weights = {
        f"{member}.{index:02}": array.astype(np.float16)
        for member, model in enumerate(members)
        for index, array in enumerate(model.get_weights())
    }
    np.savez(folder / model_folder.WEIGHTS, **weights)


def export_graph(model: keras.Model, path: Path) -> None:
    """Write a LiteRT graph whose weights have half precision; it computes with float32."""
    signature = [tf.TensorSpec(each.shape, each.dtype) for each in model.inputs]
    function = tf.function(partial(model, training=False), signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    # The same graph by way of a SavedModel takes five times as long.
    converter.experimental_lower_to_saved_model = False
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    path.write_bytes(converter.convert())


def _join_members(members: list[keras.Model]) -> keras.Model:
    """Return a model from (N, 28, 28, 1) ink to (N, members, 11 + F) logits and features."""
    image = keras.Input((28, 28, 1))
    outputs = []
    for member in members:
        features = member.get_layer(network.FEATURES).output
        both = layers.Concatenate()([member.outputs[0], features])
        row = keras.Model(member.inputs, layers.Reshape((1, both.shape[-1]))(both))
        outputs.append(row(image))
    return keras.Model(image, layers.Concatenate(1)(outputs))


def read_members(folder: Path) -> list[keras.Model]:
    """Read the members of a model folder. Raise RuleBroken if it has none that fit."""
    try:
        with (folder / model_folder.WEIGHTS).open("rb") as file, np.load(file) as stored:
            arrays = {name: stored[name].astype(np.float32) for name in stored.files}
        count = 1 + max(int(name.split(".")[0]) for name in arrays)
        members = [network.build_network() for _ in range(count)]
        for member, model in enumerate(members):
            indices = range(len(model.get_weights()))
            model.set_weights([arrays[f"{member}.{index:02}"] for index in indices])
        return members
    except (OSError, EOFError, LookupError, ValueError, BadZipFile) as error:
        message = gettext_noop(
            "%(path)s holds no weights of this network (%(error)s); train from scratch."
        )
        path = folder / model_folder.WEIGHTS
        raise RuleBroken(message % {"path": path, "error": error}) from error


def list_library_versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
