"""Fits the members of an ensemble: arrays in, Keras models out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from classifier.recognition.recognizer import NOT_A_DIGIT
from training import network
from training.data.augmentation import GENTLE, STRONG, Strength, augment
from training.data.images import Images

BATCH = 128
PEAK_LEARNING_RATE = 4e-3
WARM_UP = 0.3
REJECTION_WEIGHT = 0.5
# The last epochs, on digits as they are, win back what strong augmentation costs on clean ones.
FINISHING_IN = 7
FINISHING_LEARNING_RATE = 5e-4
FURTHER_EPOCHS = 3
FURTHER_LEARNING_RATE = 1e-3
# So much of the way from old weights to fine-tuned ones. The nearer to 1, the more likelihood
# held-out MNIST digits lose.
NEW = 0.5


@dataclass(frozen=True)
class Configuration:
    epochs: int
    members: int
    seed: int


Weights = list[NDArray[np.float32]]
Follow = Callable[[dict[str, Any]], None]
"""Receives member, epoch, loss and accuracy after each epoch."""


def fit(
    images: Images,
    configuration: Configuration,
    on_epoch: Follow,
    progress_bar: bool = True,
) -> list[keras.Model]:
    """Images of digits and of what is none → the fitted members."""

    def fitted(_member: int, following: keras.callbacks.Callback) -> keras.Model:
        epochs = configuration.epochs
        main = max(1, epochs - -(-epochs // FINISHING_IN))
        model = network.build()
        _learn(model, images, STRONG, OneCycle, range(main), following)
        _learn(model, images, GENTLE, _finish, range(main, epochs), following)
        return model

    return _each(fitted, images, configuration, on_epoch, progress_bar)


def fine_tune(
    members: list[keras.Model],
    images: Images,
    configuration: Configuration,
    on_epoch: Follow,
    progress_bar: bool = True,
) -> list[keras.Model]:
    """Fitted members, as many as the configuration says → the same, which have learnt on.

    Each ends between its old weights and its new ones, which forgets less than the new and reads
    other pictures better than the old (WiSE-FT: Wortsman et al. 2022).
    """

    def tuned(member: int, following: keras.callbacks.Callback) -> keras.Model:
        old = members[member - 1].get_weights()
        model = network.build()  # anew, so that its seed is this member's
        model.set_weights(old)
        for layer in model.layers:
            # Its statistics are of more digits than these few epochs show.
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        _learn(model, images, GENTLE, _further, range(configuration.epochs), following)
        model.set_weights(_between(old, model.get_weights()))
        return model

    return _each(tuned, images, configuration, on_epoch, progress_bar)


def _between(old: Weights, new: Weights) -> Weights:
    return [before + NEW * (after - before) for before, after in zip(old, new, strict=True)]


def _each(
    trained: Callable[[int, keras.callbacks.Callback], keras.Model],
    images: Images,
    configuration: Configuration,
    on_epoch: Follow,
    progress_bar: bool,
) -> list[keras.Model]:
    """`trained` makes a member of its number, each from a seed of its own."""
    total = configuration.members * configuration.epochs * _steps(images)
    members = []
    with tqdm(total=total, unit="batch", disable=not progress_bar) as bar:
        for member in range(1, configuration.members + 1):
            keras.utils.set_random_seed(configuration.seed * 1000 + member)
            following = _following(member, configuration, on_epoch, bar)
            members.append(trained(member, following))
    return members


def _steps(images: Images) -> int:
    return -(-len(images) // BATCH)


def _following(
    member: int,
    configuration: Configuration,
    on_epoch: Follow,
    bar: tqdm,
) -> keras.callbacks.Callback:
    of_members = f"member {member}/{configuration.members}"

    def begin(epoch: int, _: Any) -> None:
        bar.set_description(f"{of_members}, epoch {epoch + 1}/{configuration.epochs}")

    def advance(_: int, logs: dict[str, float]) -> None:
        bar.set_postfix(accuracy=f"{logs['accuracy']:.2%}", refresh=False)
        bar.update()

    def report(epoch: int, logs: dict[str, float]) -> None:
        on_epoch({"member": member, "epoch": epoch + 1, **{k: float(v) for k, v in logs.items()}})

    return keras.callbacks.LambdaCallback(
        on_epoch_begin=begin, on_train_batch_end=advance, on_epoch_end=report
    )


def _learn(
    model: keras.Model,
    images: Images,
    strength: Strength,
    schedule: Callable[[int], Any],
    epochs: range,
    following: keras.callbacks.Callback,
) -> None:
    """`schedule` makes a learning rate from the number of steps."""
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule(len(epochs) * _steps(images)), weight_decay=1e-2),
        loss=loss,
        metrics=[accuracy],
    )
    model.fit(
        batches(images, strength),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        shuffle=False,  # the dataset does
        callbacks=[following],
        verbose=0,
    )


def _finish(steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    return keras.optimizers.schedules.CosineDecay(FINISHING_LEARNING_RATE, max(steps, 1))


def _further(steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    return keras.optimizers.schedules.CosineDecay(FURTHER_LEARNING_RATE, steps)


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
    """Of the digits; 0 in a batch that has none."""
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)  # Keras gives them as floats
    right = tf.argmax(outputs[:, :NOT_A_DIGIT], axis=1, output_type=tf.int32) == labels
    digits = tf.math.count_nonzero(labels != NOT_A_DIGIT, dtype=tf.float32)
    return tf.math.divide_no_nan(tf.math.count_nonzero(right, dtype=tf.float32), digits)


def batches(images: Images, strength: Strength) -> tf.data.Dataset:
    """Shuffled anew each epoch, augmented on one core while the other trains."""

    def augmented(pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(tf.cast(pixels, tf.float32) / 255, strength), labels

    labels = images.labels.astype(np.int32)
    return (
        tf.data.Dataset.from_tensor_slices((images.pixels[..., np.newaxis], labels))
        .shuffle(len(images))
        .batch(BATCH)
        .map(augmented, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


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
