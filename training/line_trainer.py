"""Train the line reader on lines composed of MNIST digits, and export it to LiteRT."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from classifier.recognition import model_folder
from training import line_network
from training.data.images import Images
from training.data.line_pool import BATCH, LinePool, compose_pool
from training.data.strings import BACKGROUNDS, Composer
from training.export import export_graph
from training.line_augment import augment
from training.optimization import build_training_step

PEAK_LEARNING_RATE = 2e-3
MOST_LINES = 60_000
EPOCHS = 0.6  # of the ensemble's epochs, because a line has several digits

Follow = Callable[[int, float], None]
"""Receives the epoch, counted from 1, and its mean loss."""


@dataclass(frozen=True)
class LineConfiguration:
    """The number of composed lines, and of epochs over them."""

    lines: int
    epochs: int
    seed: int

    @classmethod
    def for_run(cls, digits: int, epochs: int, seed: int) -> "LineConfiguration":
        """Scale the training to the digits and epochs of a run."""
        return cls(min(MOST_LINES, digits), max(1, round(EPOCHS * epochs)), seed)


def fit_line_reader(
    images: Images, configuration: LineConfiguration, folder: Path, on_epoch: Follow
) -> keras.Model:
    """Train a network on lines of the MNIST digits, and write its graph into the folder.

    The same seed composes the same lines.
    """
    keras.utils.set_random_seed(configuration.seed)
    rng = np.random.default_rng(configuration.seed)
    backgrounds = min(BACKGROUNDS, 1 + configuration.lines // 20)
    pool = compose_pool(Composer(images, rng, backgrounds), configuration.lines, rng)
    model = line_network.build_network()
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
    """Train the network in place. One core prepares batches while the others train."""
    steps = epochs * -(-len(pool) // BATCH)
    train_batch = build_training_step(
        model, steps, PEAK_LEARNING_RATE, partial(_measure_loss, model)
    )
    with ThreadPoolExecutor(1) as ahead:
        for epoch in range(1, epochs + 1):
            values = []
            batches = pool.iterate_batches(rng)
            future = ahead.submit(next, batches, None)
            while batch := future.result():
                future = ahead.submit(next, batches, None)
                values.append(float(train_batch(batch.ink, batch.digits, batch.boxes)))
            on_epoch(epoch, float(np.mean(values)))


def _measure_loss(
    model: keras.Model, ink: tf.Tensor, digits: tf.Tensor, boxes: tf.Tensor
) -> tf.Tensor:
    ink, boxes = augment(ink, boxes)
    outputs = model(ink, training=True)
    return line_network.compute_loss(line_network.Targets(digits, boxes), outputs)
