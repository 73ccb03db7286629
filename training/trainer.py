"""Trains and fine-tunes the members of an ensemble."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers.schedules import CosineDecay, LearningRateSchedule
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
# The last seventh of the epochs is gently augmented: it regains the accuracy on clean digits that
# strong augmentation costs.
GENTLE_EPOCH_IN = 7
GENTLE_LEARNING_RATE = 5e-4
FINE_TUNING_EPOCHS = 3
FINE_TUNING_LEARNING_RATE = 1e-3
# The weight of the fine-tuned network in the mean with the old one. A higher weight costs
# likelihood on held-out MNIST digits.
FINE_TUNED_WEIGHT = 0.5


@dataclass(frozen=True)
class Configuration:
    epochs: int
    members: int
    seed: int


@dataclass(frozen=True)
class EpochMetrics:
    """The loss and accuracy (0 to 1) of one epoch; `member` and `epoch` start at 1."""

    member: int
    epoch: int
    loss: float
    accuracy: float


Weights = list[NDArray[np.float32]]
OnEpoch = Callable[[EpochMetrics], None]


def fit(
    images: Images, configuration: Configuration, on_epoch: OnEpoch, progress_bar: bool = True
) -> list[keras.Model]:
    """Train an ensemble on images of digits and non-digits."""

    def fit_member(_member: int, callback: keras.callbacks.Callback) -> keras.Model:
        epochs = configuration.epochs
        main = max(1, epochs - -(-epochs // GENTLE_EPOCH_IN))
        model = network.build_network()
        _run_epochs(model, images, STRONG, OneCycle, range(main), callback)
        schedule = partial(CosineDecay, GENTLE_LEARNING_RATE)
        _run_epochs(model, images, GENTLE, schedule, range(main, epochs), callback)
        return model

    return _fit_members(fit_member, images, configuration, on_epoch, progress_bar)


def fine_tune(
    members: Sequence[keras.Model],
    images: Images,
    configuration: Configuration,
    on_epoch: OnEpoch,
    progress_bar: bool = True,
) -> list[keras.Model]:
    """Continue to train `configuration.members` fitted members.

    The result is the mean of old and new weights, which forgets less than the new ones and reads
    other pictures better than the old ones (WiSE-FT: Wortsman et al. 2022).
    """

    def fine_tune_member(member: int, callback: keras.callbacks.Callback) -> keras.Model:
        old: Weights = members[member - 1].get_weights()
        model = network.build_network()  # new dropout layers take this member's seed
        model.set_weights(old)
        for layer in model.layers:
            # Keep the old statistics, which are based on more digits than these few epochs have.
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        schedule = partial(CosineDecay, FINE_TUNING_LEARNING_RATE)
        _run_epochs(model, images, GENTLE, schedule, range(configuration.epochs), callback)
        new: Weights = model.get_weights()
        pairs = zip(old, new, strict=True)
        model.set_weights(
            [before + FINE_TUNED_WEIGHT * (after - before) for before, after in pairs]
        )
        return model

    return _fit_members(fine_tune_member, images, configuration, on_epoch, progress_bar)


def _fit_members(
    fit_member: Callable[[int, keras.callbacks.Callback], keras.Model],
    images: Images,
    configuration: Configuration,
    on_epoch: OnEpoch,
    progress_bar: bool,
) -> list[keras.Model]:
    """Fit each member, counted from 1, with a seed of its own."""
    total = configuration.members * configuration.epochs * _count_steps(images)
    members = []
    with tqdm(total=total, unit="batch", disable=not progress_bar) as bar:
        for member in range(1, configuration.members + 1):
            keras.utils.set_random_seed(configuration.seed * 1000 + member)
            callback = _make_callback(member, configuration, on_epoch, bar)
            members.append(fit_member(member, callback))
    return members


def _count_steps(images: Images) -> int:
    return -(-len(images) // BATCH)


def _make_callback(
    member: int, configuration: Configuration, on_epoch: OnEpoch, bar: tqdm
) -> keras.callbacks.Callback:
    """Return a callback that updates the progress bar and reports epochs."""
    title = f"member {member}/{configuration.members}"

    def start_epoch(epoch: int, _: Any) -> None:
        bar.set_description(f"{title}, epoch {epoch + 1}/{configuration.epochs}")

    def advance(_: int, logs: dict[str, float]) -> None:
        bar.set_postfix(accuracy=f"{logs['accuracy']:.2%}", refresh=False)
        bar.update()

    def report_epoch(epoch: int, logs: dict[str, float]) -> None:
        loss, accuracy = float(logs["loss"]), float(logs["accuracy"])
        on_epoch(EpochMetrics(member, epoch + 1, loss, accuracy))

    return keras.callbacks.LambdaCallback(
        on_epoch_begin=start_epoch, on_train_batch_end=advance, on_epoch_end=report_epoch
    )


def _run_epochs(
    model: keras.Model,
    images: Images,
    strength: Strength,
    make_schedule: Callable[[int], LearningRateSchedule],
    epochs: range,
    callback: keras.callbacks.Callback,
) -> None:
    """Train the model in place; `make_schedule` receives the number of steps."""
    schedule = make_schedule(max(1, len(epochs) * _count_steps(images)))
    # If the first step created the variables, it would be compiled twice.
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-2)
    optimizer.build(model.trainable_variables)
    metric = keras.metrics.MeanMetricWrapper(accuracy, name="accuracy")
    model.compile(optimizer=optimizer, loss=loss, metrics=[metric])
    model.fit(
        make_batches(images, strength),
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        shuffle=False,  # the dataset is shuffled already
        callbacks=[callback],
        verbose=0,
    )


def loss(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the loss (N,) of classifying digits and of rejecting non-digits.

    This is outlier exposure with a logit for rejection. The uniform target of Hendrycks et al.
    (2019) would mix up uncertainty and rejection.
    """
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)  # Keras passes them as floats
    is_outlier = tf.cast(labels == NOT_A_DIGIT, tf.float32)
    classification = tf.nn.sparse_softmax_cross_entropy_with_logits(
        tf.minimum(labels, NOT_A_DIGIT - 1), outputs[:, :NOT_A_DIGIT]
    )
    rejection = tf.nn.sigmoid_cross_entropy_with_logits(is_outlier, outputs[:, NOT_A_DIGIT])
    return (1 - is_outlier) * classification + REJECTION_WEIGHT * rejection


def accuracy(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the share of the digits that is classified right, 0 without digits."""
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)  # Keras passes them as floats
    right = tf.argmax(outputs[:, :NOT_A_DIGIT], axis=1, output_type=tf.int32) == labels
    digits = tf.math.count_nonzero(labels != NOT_A_DIGIT, dtype=tf.float32)
    return tf.math.divide_no_nan(tf.math.count_nonzero(right, dtype=tf.float32), digits)


def make_batches(images: Images, strength: Strength) -> tf.data.Dataset:
    """Return shuffled batches that are augmented on one core while the other trains."""

    def augment_batch(pixels: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(tf.cast(pixels, tf.float32) / 255, strength), labels

    labels = images.labels.astype(np.int32)
    return (
        tf.data.Dataset.from_tensor_slices((images.pixels[..., np.newaxis], labels))
        .shuffle(len(images))
        .batch(BATCH)
        .map(augment_batch, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


@keras.saving.register_keras_serializable("mnistsite")
class OneCycle(LearningRateSchedule):
    """A learning rate that rises to a peak and falls to zero by cosines (Smith & Topin 2018)."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        part = tf.cast(step, tf.float32) / self.steps
        rising = 0.5 - 0.5 * tf.cos(np.pi * part / WARM_UP)
        falling = 0.5 + 0.5 * tf.cos(np.pi * (part - WARM_UP) / (1 - WARM_UP))
        return PEAK_LEARNING_RATE * tf.where(part < WARM_UP, rising, falling)

    def get_config(self) -> dict[str, Any]:
        return {"steps": self.steps}
