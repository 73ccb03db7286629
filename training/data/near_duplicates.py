"""Groups images of the same writing: copies, other crops and other compressions."""

from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.pixels import hash_pixels

SIMILAR = 0.97
"""Cosine of two images' shapes above which they are near-duplicates. Nine in ten pictures of one
digit reach it after another crop and compression; one in six MNIST digits has a stranger's digit
that does, mostly a 1."""


def group_images(pixels: Pixels, grouped: Pixels, groups: list[UUID]) -> list[UUID]:
    """Return the group of each of N images: that of its nearest near-duplicate, or a new one.

    `pixels` is (N, 28, 28), `grouped` (M, 28, 28) with M `groups`. A group never changes, so
    each image is compared only with those before it.
    """
    shapes = np.concatenate([describe_shapes(grouped), describe_shapes(pixels)])
    groups = [*groups]
    for index in range(len(grouped), len(shapes)):
        similarity = shapes[:index] @ shapes[index]
        nearest = int(similarity.argmax()) if index else 0
        is_new = index == 0 or similarity[nearest] < SIMILAR
        own = pixels[index - len(grouped)].tobytes()
        groups.append(hash_pixels(own) if is_new else groups[nearest])
    return groups[len(grouped) :]


def describe_shapes(pixels: Pixels) -> NDArray[np.float32]:
    """Return (N, 196) unit vectors: the images at half their size."""
    halves = pixels.reshape(-1, 14, 2, 14, 2).mean((2, 4), dtype=np.float32).reshape(-1, 196)
    norms = np.linalg.norm(halves, axis=1, keepdims=True)
    return np.asarray(halves / np.maximum(norms, 1e-6), np.float32)
