"""Fits the members of an ensemble: arrays in, Keras models out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import augment, cnn

BATCH = 128
PEAK_LEARNING_RATE = 4e-3
WARM_UP = 0.3

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Configuration:
    epochs: int = 14
    members: int = 1
    seed: int = 1


def fit(
    x: Pixels,
    y: Labels,
    configuration: Configuration,
    on_epoch: Callable[[dict[str, Any]], None],
    progress_bar: bool = True,
) -> list[keras.Model]:
    """(N, 28, 28) images, ink = 255, and their (N,) digits → the fitted members.

    `on_epoch` receives member, epoch, loss and accuracy after each epoch.
    """
    return [
        _fit_member(x, y, member, configuration, on_epoch, progress_bar)
        for member in range(1, configuration.members + 1)
    ]


def _fit_member(
    x: Pixels,
    y: Labels,
    member: int,
    configuration: Configuration,
    on_epoch: Callable[[dict[str, Any]], None],
    progress_bar: bool,
) -> keras.Model:
    keras.utils.set_random_seed(configuration.seed * 1000 + member)
    model = cnn.build()
    steps = configuration.epochs * -(-len(x) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(OneCycle(steps), weight_decay=1e-2),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def report(epoch: int, logs: dict[str, float]) -> None:
        on_epoch({"member": member, "epoch": epoch + 1, **{k: float(v) for k, v in logs.items()}})

    model.fit(
        batches(x, y),
        epochs=configuration.epochs,
        shuffle=False,  # the dataset does
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)],
        verbose=1 if progress_bar else 2,
    )
    return model


def batches(x: Pixels, y: Labels) -> tf.data.Dataset:
    """Shuffled anew each epoch, augmented on one core while the other trains."""
    return (
        tf.data.Dataset.from_tensor_slices((x[..., np.newaxis], y))
        .shuffle(len(x))
        .batch(BATCH)
        .map(_augmented, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def _augmented(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return augment.affine(tf.cast(images, tf.float32) / 255), labels


@keras.saving.register_keras_serializable("mnistsite")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Up to the peak and down to zero, each by half a cosine (Smith & Topin 2018)."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        part = tf.cast(step, tf.float32) / self.steps
        rising = 0.5 - 0.5 * tf.cos(np.pi * part / WARM_UP)
        falling = 0.5 + 0.5 * tf.cos(np.pi * (part - WARM_UP) / (1 - WARM_UP))
        return PEAK_LEARNING_RATE * tf.where(part < WARM_UP, rising, falling)

    def get_config(self) -> dict[str, Any]:
        return {"steps": self.steps}


def logits(members: Iterable[keras.Model], x: Pixels) -> NDArray[np.float32]:
    """(N, 28, 28) images, ink = 255 → (N, members, 10)."""
    inputs = x[..., np.newaxis].astype(np.float32) / 255
    outputs = [member.predict(inputs, batch_size=500, verbose=0) for member in members]
    return np.stack(outputs, axis=1)
