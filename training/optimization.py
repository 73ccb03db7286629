"""Gradient descent for the networks that see whole pictures."""

from collections.abc import Callable

import keras
import tensorflow as tf

WARM_UP = 0.05  # of all steps

ReportEpoch = Callable[[int, int, float], None]
"""Receives the epoch, counted from 1, the number of epochs, and the epoch's mean loss."""


def build_training_step(
    model: keras.Model,
    steps: int,
    peak_learning_rate: float,
    measure_loss: Callable[..., tf.Tensor],
) -> Callable[..., tf.Tensor]:
    """Return a function that takes a batch's arrays, trains on them, and returns their loss.

    `measure_loss` takes the same arrays as tensors, and calls the model.
    """
    optimizer = keras.optimizers.AdamW(0.0, weight_decay=1e-2, clipnorm=5.0)
    optimizer.build(model.trainable_variables)
    schedule = _build_schedule(steps, peak_learning_rate)

    def step(*batch: tf.Tensor) -> tf.Tensor:
        # With a schedule of its own, the optimizer would compute it for each variable.
        optimizer.learning_rate.assign(schedule(optimizer.iterations))
        with tf.GradientTape() as tape:
            value = measure_loss(*batch)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    compiled = tf.function(step, reduce_retracing=True)
    return lambda *batch: compiled(*map(tf.constant, batch))


def _build_schedule(
    steps: int, peak_learning_rate: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a learning rate that rises quickly and falls to 0."""
    warm_up = max(1, int(steps * WARM_UP))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=peak_learning_rate, warmup_steps=warm_up
    )
