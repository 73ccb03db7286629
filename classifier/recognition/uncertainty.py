"""Measures of doubt, by their names and sources: an ensemble's outputs in, scores out."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(logits / 2))


def entropy(probabilities: Floats) -> Floats:
    """Over the last axis, in nats: 0 to the logarithm of its length."""
    return np.asarray(-(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=-1))


def energy(logits: Floats) -> Floats:
    """Over the last axis; the lower, the more like what was learnt (Liu et al. 2020)."""
    highest = logits.max(axis=-1)
    return np.asarray(-highest - np.log(np.exp(logits - highest[..., np.newaxis]).sum(axis=-1)))


@dataclass(frozen=True)
class Neighbourhoods:
    """Where the digits that were learnt lie among each member's F features.

    `whitening` is (members, F, F), which makes each class's spread round; `centres` (members, 10,
    F), the classes' means after it (Lee et al. 2018: class-conditional Gaussians of one shared
    covariance).
    """

    whitening: Floats
    centres: Floats

    @classmethod
    def load(cls, content: bytes) -> "Neighbourhoods":
        """Raises EOFError, KeyError, ValueError or BadZipFile for any other file's content."""
        with np.load(BytesIO(content)) as arrays:
            return cls(arrays["whitening"].astype(float), arrays["centres"].astype(float))

    def save(self, path: Path) -> None:
        np.savez(path, whitening=np.float32(self.whitening), centres=np.float32(self.centres))

    def whitened(self, features: Floats) -> Floats:
        """(N, members, F) → the same shape."""
        return np.asarray(np.einsum("mfg,nmg->nmf", self.whitening, features))

    def distance(self, whitened: Floats) -> Floats:
        """(N, members, F) → (N,): the members' mean Mahalanobis distance to the nearest class.

        Squared, and divided by F: about 1 for what was learnt.
        """
        # |a - b|² written out, so that no array of N × members × classes × F is needed.
        across = np.einsum("nmf,mcf->nmc", whitened, self.centres)
        squared = (whitened**2).sum(axis=-1)[..., np.newaxis] - 2 * across
        nearest = (squared + (self.centres**2).sum(axis=-1)).min(axis=-1)
        return np.asarray(np.maximum(nearest, 0).mean(axis=-1) / whitened.shape[-1])


def scores(
    each: Floats, logits: Floats, rejection: Floats, distance: Floats
) -> Mapping[str, Floats]:
    """Of N images, from each member's (N, members, 10) probabilities and the logits they are of,
    (N, members) logits of being none, and (N,) distances: (N,) values by name.

    `predictive_entropy`, all of the doubt in nats, is `expected_entropy` (aleatoric: every
    member wavers) plus `mutual_information` (epistemic: the members disagree).
    """
    total, expected = entropy(each.mean(axis=1)), entropy(each).mean(axis=1)
    return {
        "predictive_entropy": total,
        "expected_entropy": expected,
        "mutual_information": np.maximum(total - expected, 0),
        "energy": energy(logits).mean(axis=1),
        "rejection": sigmoid(rejection.mean(axis=1)),
        "distance": distance,
    }
