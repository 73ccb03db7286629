"""Fits the line reader: MNIST digits in, a LiteRT graph out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from classifier.recognition import model_folder
from training import line_network
from training.data.images import Images
from training.data.line_pool import BATCH, Batch, LinePool, compose_pool
from training.data.strings import PAPERS, Composer
from training.export import export_graph
from training.line_augment import augment

PEAK_LEARNING_RATE = 2e-3
WARM_UP = 0.05  # of all steps
MOST_LINES = 60_000
EPOCHS = 0.6  # of those of the ensemble: a line holds several digits

Follow = Callable[[int, float], None]
"""Receives the epoch, counted from 1, and its mean loss."""


@dataclass(frozen=True)
class LineConfiguration:
    """How many lines are composed, and how often each is learned from."""

    lines: int
    epochs: int
    seed: int

    @classmethod
    def for_run(cls, digits: int, epochs: int, seed: int) -> "LineConfiguration":
        """Return what fits a run with so many digits and epochs."""
        return cls(min(MOST_LINES, digits), max(1, round(EPOCHS * epochs)), seed)


def fit_line_reader(
    images: Images, configuration: LineConfiguration, folder: Path, on_epoch: Follow
) -> keras.Model:
    """Train on lines of the MNIST digits `images`, write its graph into the folder, and return the
    network. The same seed composes the same lines."""
    keras.utils.set_random_seed(configuration.seed)
    rng = np.random.default_rng(configuration.seed)
    sheets = min(PAPERS, 1 + configuration.lines // 20)
    pool = compose_pool(Composer(images, rng, sheets), configuration.lines, rng)
    model = line_network.build()
    fit(model, pool, configuration.epochs, rng, on_epoch)
    export_graph(model, folder / model_folder.LINES)
    return model


def fit(
    model: keras.Model,
    pool: LinePool,
    epochs: int,
    rng: np.random.Generator,
    on_epoch: Follow,
) -> None:
    """Train the network in place; one core composes batches while others train."""
    learn = _make_step(model, epochs * -(-len(pool) // BATCH))
    with ThreadPoolExecutor(1) as ahead:
        for epoch in range(1, epochs + 1):
            values = []
            batches = pool.batches(rng)
            coming = ahead.submit(next, batches, None)
            while batch := coming.result():
                coming = ahead.submit(next, batches, None)
                values.append(float(learn(batch)))
            on_epoch(epoch, float(np.mean(values)))


def _make_step(model: keras.Model, steps: int) -> Callable[[Batch], tf.Tensor]:
    """A function that learns from one batch and returns its loss."""
    warm_up = max(1, int(steps * WARM_UP))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=PEAK_LEARNING_RATE, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-2, clipnorm=5.0)
    optimizer.build(model.trainable_variables)

    def step(ink: tf.Tensor, digits: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
        ink, boxes = augment(ink, boxes)
        with tf.GradientTape() as tape:
            outputs = model(ink, training=True)
            value = line_network.loss(line_network.Targets(digits, boxes), outputs)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    compiled = tf.function(step, reduce_retracing=True)

    def learn(batch: Batch) -> tf.Tensor:
        return compiled(*(tf.constant(array) for array in (batch.ink, batch.digits, batch.boxes)))

    return learn
