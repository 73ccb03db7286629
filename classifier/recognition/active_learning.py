"""Which of many unlabelled images is most worth a person's time: doubt times novelty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.uncertainty import Floats

Embeddings = NDArray[np.int8]

STEPS_PER_DEVIATION = 8
# Mean squared distance per feature, in units of the spread within a class. Of a picture sent again
# smaller, larger or as another JPEG it is mostly less; of two people's sevens it is seldom so.
NEAR_DUPLICATE = 0.2


def embedding(whitened: Floats) -> bytes:
    """(F,) features in which each class's spread is 1 → F signed bytes."""
    steps = np.round(whitened * STEPS_PER_DEVIATION)
    return np.clip(steps, -128, 127).astype(np.int8).tobytes()


def embeddings(stored: list[bytes], length: int) -> Embeddings:
    """As `embedding` made them, all of one length → (N, length)."""
    return np.frombuffer(b"".join(stored), np.int8).reshape(-1, length)


def distance(images: Embeddings, others: Embeddings) -> Floats:
    """(N, F), (M, F) → (N,): to the nearest of the others; infinite where there are none."""
    if not len(others):
        return np.full(len(images), np.inf)
    a, b = (each.astype(np.float64) / STEPS_PER_DEVIATION for each in (images, others))
    squared = (a**2).sum(1)[:, np.newaxis] + (b**2).sum(1) - 2 * a @ b.T
    return np.asarray(np.maximum(squared, 0).min(axis=1) / images.shape[1])


@dataclass(frozen=True)
class Chosen:
    """Places among the images: the most useful first, and what is a near-duplicate of those, or
    of what is known."""

    order: list[int]
    duplicates: list[int]


def most_useful(doubt: Floats, images: Embeddings, known: Embeddings, count: int) -> Chosen:
    """Greedily by doubt × distance to the nearest known or chosen, that distance at most 1.

    `doubt` is (N,), 0 to 1; `images` (N, F); `known` (M, F): labelled, or being labelled.
    """
    novelty = distance(images, known)
    order: list[int] = []
    while len(order) < count:
        worth = (doubt + 1e-9) * np.minimum(novelty, 1) * (novelty >= NEAR_DUPLICATE)
        worth[order] = 0
        best = int(worth.argmax()) if len(worth) else 0
        if not len(worth) or worth[best] == 0:
            break
        order.append(best)
        novelty = np.minimum(novelty, distance(images, images[best : best + 1]))
    near = set(np.flatnonzero(novelty < NEAR_DUPLICATE).tolist()) - set(order)
    return Chosen(order, sorted(near))
