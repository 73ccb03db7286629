"""Train the ink finder on composed scenes, and export it to LiteRT."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from classifier.recognition import model_folder
from training.data.images import Images
from training.data.ink_scenes import SIDE, InkComposer
from training.export import export_graph
from training.ink import network
from training.optimization import ReportEpoch, build_training_step
from training.trainer import Configuration

BATCH = 16
CROP = 144  # pixels of a training picture's side
PEAK_LEARNING_RATE = 4e-3
MAX_SCENES = 6_000
EPOCHS = 0.15  # of the ensemble's epochs

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


def fit_ink_finder(
    images: Images, configuration: Configuration, folder: Path, report_epoch: ReportEpoch
) -> None:
    """Train a network on scenes of the MNIST digits, and write its graph into the folder.

    Scenes and epochs are in proportion to the digits and epochs of the ensemble. The same seed
    composes the same scenes.
    """
    keras.utils.set_random_seed(configuration.seed)
    rng = np.random.default_rng(configuration.seed)
    composer = InkComposer(images, rng)
    count = max(BATCH, min(MAX_SCENES, len(images) // 8))
    scenes = [composer.compose() for _ in range(count)]
    grey, ink = np.stack([each.grey for each in scenes]), np.stack([each.ink for each in scenes])
    model = network.build_network()
    epochs = max(1, round(EPOCHS * configuration.epochs))
    train_batch = build_training_step(
        model, epochs * (count // BATCH), PEAK_LEARNING_RATE, partial(_measure_loss, model)
    )
    for epoch in range(1, epochs + 1):
        losses = [float(train_batch(*batch)) for batch in _iterate_batches(grey, ink, rng)]
        report_epoch(epoch, epochs, float(np.mean(losses)))
    export_graph(model, folder / model_folder.INK)


def _iterate_batches(
    grey: NDArray[np.uint8], ink: NDArray[np.uint8], rng: np.random.Generator
) -> Iterator[Batch]:
    """Yield batches (BATCH, CROP, CROP, 1), 0 to 1: crops of all scenes, turned and brightened."""
    order = rng.permutation(len(grey))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        top, left = rng.integers(0, SIDE - CROP + 1, 2)
        window = np.s_[chosen, top : top + CROP, left : left + CROP, None]
        turns, direction = int(rng.integers(4)), int(rng.choice([1, -1]))
        pictures, coverage = (
            np.asarray(np.rot90(layer[window], turns, (1, 2))[:, :, ::direction] / 255, np.float32)
            for layer in (grey, ink)
        )
        gain = rng.uniform(0.7, 1.1, (BATCH, 1, 1, 1))
        yield np.minimum(pictures * gain, 1).astype(np.float32), coverage


def _measure_loss(model: keras.Model, pictures: tf.Tensor, ink: tf.Tensor) -> tf.Tensor:
    return network.compute_loss(ink, model(pictures, training=True))
