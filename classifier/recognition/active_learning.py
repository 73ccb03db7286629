"""Batch selection for labelling: uncertain images first, unlike each other and those labelled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.uncertainty import Floats

Embeddings = NDArray[np.int8]

STEPS_PER_DEVIATION = 8
# Mean squared distance per feature, in units of the spread within a class. The same picture
# uploaded smaller, larger or as another JPEG is mostly nearer; two people's sevens seldom are.
NEAR_DUPLICATE = 0.2


def encode_embedding(features: Floats) -> bytes:
    """Return whitened features (F,) as F signed bytes."""
    steps = np.round(features * STEPS_PER_DEVIATION)
    return np.clip(steps, -128, 127).astype(np.int8).tobytes()


def decode_embeddings(encoded: list[bytes], length: int) -> Embeddings:
    """Return N encoded embeddings of one length as (N, length)."""
    return np.frombuffer(b"".join(encoded), np.int8).reshape(-1, length)


def measure_distances(images: Embeddings, others: Embeddings) -> Floats:
    """Return the distance (N,) of each of (N, F) images to the nearest of (M, F) others.

    It is infinite if there are no others.
    """
    if not len(others):
        return np.full(len(images), np.inf)
    a, b = (each.astype(np.float64) / STEPS_PER_DEVIATION for each in (images, others))
    squared = (a**2).sum(1)[:, np.newaxis] + (b**2).sum(1) - 2 * a @ b.T
    return np.asarray(np.maximum(squared, 0).min(axis=1) / images.shape[1])


@dataclass(frozen=True)
class Selection:
    """Indices of the selected images, best first, and of the near-duplicates left out."""

    order: list[int]
    duplicates: list[int]


def select_batch(scores: Floats, images: Embeddings, labelled: Embeddings, count: int) -> Selection:
    """Select up to `count` images greedily by score times distance.

    `scores` (N,) are acquisition scores from 0 to 1, `images` (N, F) and `labelled` (M, F)
    embeddings. The distance is that to the nearest labelled or selected image, at most 1.
    """
    novelty = measure_distances(images, labelled)
    order: list[int] = []
    while len(order) < min(count, len(images)):
        gain = (scores + 1e-9) * np.minimum(novelty, 1) * (novelty >= NEAR_DUPLICATE)
        gain[order] = 0
        best = int(gain.argmax())
        if gain[best] == 0:
            break
        order.append(best)
        novelty = np.minimum(novelty, measure_distances(images, images[best : best + 1]))
    near = set(np.flatnonzero(novelty < NEAR_DUPLICATE).tolist()) - set(order)
    return Selection(order, sorted(near))
