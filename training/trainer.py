"""Fits the members of an ensemble: arrays in, Keras models out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from classifier.recognizer import NOT_A_DIGIT
from training import cnn
from training.augment import augment
from training.images import Images

BATCH = 128
PEAK_LEARNING_RATE = 4e-3
WARM_UP = 0.3
REJECTION_WEIGHT = 0.5


@dataclass(frozen=True)
class Configuration:
    epochs: int = 14
    members: int = 1
    seed: int = 1


def fit(
    images: Images,
    configuration: Configuration,
    on_epoch: Callable[[dict[str, Any]], None],
    progress_bar: bool = True,
) -> list[keras.Model]:
    """Images of digits and of what is none → the fitted members.

    `on_epoch` receives member, epoch, loss and accuracy after each epoch.
    """
    return [
        _fit_member(images, member, configuration, on_epoch, progress_bar)
        for member in range(1, configuration.members + 1)
    ]


def _fit_member(
    images: Images,
    member: int,
    configuration: Configuration,
    on_epoch: Callable[[dict[str, Any]], None],
    progress_bar: bool,
) -> keras.Model:
    keras.utils.set_random_seed(configuration.seed * 1000 + member)
    model = cnn.build()
    steps = configuration.epochs * -(-len(images) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(OneCycle(steps), weight_decay=1e-2),
        loss=loss,
        metrics=[accuracy],
    )

    def report(epoch: int, logs: dict[str, float]) -> None:
        on_epoch({"member": member, "epoch": epoch + 1, **{k: float(v) for k, v in logs.items()}})

    model.fit(
        batches(images),
        epochs=configuration.epochs,
        shuffle=False,  # the dataset does
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)],
        verbose=1 if progress_bar else 2,
    )
    return model


def loss(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Which digit, asked of digits only, and whether it is one (outlier exposure, with a logit
    of its own instead of Hendrycks et al.'s uniform target, which would blur doubt and refusal).
    """
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)  # Keras gives them as floats
    none = tf.cast(labels == NOT_A_DIGIT, tf.float32)
    which = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.minimum(labels, NOT_A_DIGIT - 1), outputs[:, :NOT_A_DIGIT]
    )
    whether = tf.nn.sigmoid_cross_entropy_with_logits(none, outputs[:, NOT_A_DIGIT])
    return (1 - none) * which + REJECTION_WEIGHT * whether


def accuracy(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Of the digits."""
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)  # Keras gives them as floats
    right = tf.argmax(outputs[:, :NOT_A_DIGIT], axis=1, output_type=tf.int32) == labels
    return tf.reduce_mean(tf.cast(tf.boolean_mask(right, labels != NOT_A_DIGIT), tf.float32))


def batches(images: Images) -> tf.data.Dataset:
    """Shuffled anew each epoch, augmented on one core while the other trains."""
    labels = images.labels.astype(np.int32)
    return (
        tf.data.Dataset.from_tensor_slices((images.pixels[..., np.newaxis], labels))
        .shuffle(len(images))
        .batch(BATCH)
        .map(_augmented, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def _augmented(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return augment(tf.cast(images, tf.float32) / 255), labels


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
