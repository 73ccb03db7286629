"""Train the line reader on lines composed of MNIST digits, and export it to LiteRT."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from classifier.recognition import model_folder
from training.data.images import Images
from training.data.line_pool import BATCH, compose_pool
from training.data.strings import BACKGROUNDS, Composer
from training.export import export_graph
from training.lines import network
from training.lines.augmentation import augment
from training.optimization import ReportEpoch, build_training_step
from training.trainer import Configuration

PEAK_LEARNING_RATE = 2e-3
MAX_LINES = 60_000
EPOCHS = 0.6  # of the ensemble's epochs, because a line has several digits


def fit_line_reader(
    images: Images, configuration: Configuration, folder: Path, report_epoch: ReportEpoch
) -> None:
    """Train a network on lines of the MNIST digits, and write its graph into the folder.

    Lines and epochs are in proportion to the digits and epochs of the ensemble. The same seed
    composes the same lines.
    """
    keras.utils.set_random_seed(configuration.seed)
    rng = np.random.default_rng(configuration.seed)
    count = min(MAX_LINES, len(images))
    pool = compose_pool(Composer(images, rng, min(BACKGROUNDS, 1 + count // 20)), count, rng)
    model = network.build_network()
    epochs = max(1, round(EPOCHS * configuration.epochs))
    steps = epochs * -(-len(pool) // BATCH)
    train_batch = build_training_step(
        model, steps, PEAK_LEARNING_RATE, partial(_measure_loss, model)
    )
    with ThreadPoolExecutor(1) as ahead:  # one core prepares batches while the others train
        for epoch in range(1, epochs + 1):
            losses = []
            batches = pool.iterate_batches(rng)
            future = ahead.submit(next, batches, None)
            while batch := future.result():
                future = ahead.submit(next, batches, None)
                losses.append(float(train_batch(batch.ink, batch.digits, batch.boxes)))
            report_epoch(epoch, epochs, float(np.mean(losses)))
    export_graph(model, folder / model_folder.LINES)


def _measure_loss(
    model: keras.Model, ink: tf.Tensor, digits: tf.Tensor, boxes: tf.Tensor
) -> tf.Tensor:
    ink, boxes = augment(ink, boxes)
    outputs = model(ink, training=True)
    return network.compute_loss(network.Targets(digits, boxes), outputs)
