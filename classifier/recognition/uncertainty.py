"""Measures of uncertainty, computed from an ensemble's outputs."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floating = TypeVar("Floating", NDArray[np.float64], NDArray[np.float32])


def softmax(logits: Floats) -> Floats:
    """Return probabilities over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def sigmoid(logits: Floating) -> Floating:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -50, 50))), logits.dtype)


def entropy(probabilities: Floats) -> Floats:
    """Return the entropy over the last axis in nats, 0 to the logarithm of its length."""
    return np.asarray(-(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=-1))


def energy(logits: Floats) -> Floats:
    """Return the energy over the last axis, lower for inputs like the training data.

    Liu et al. 2020.
    """
    highest = logits.max(axis=-1)
    return np.asarray(-highest - np.log(np.exp(logits - highest[..., np.newaxis]).sum(axis=-1)))


@dataclass(frozen=True)
class MahalanobisDetector:
    """Class means and one shared covariance of each member's F features (Lee et al. 2018).

    `whitening` (members, F, F) makes the spread of each class round; `centres` (members, 10, F)
    are the class means after it.
    """

    whitening: Floats
    centres: Floats

    @classmethod
    def load(cls, content: bytes) -> "MahalanobisDetector":
        """Raise EOFError, KeyError, ValueError or BadZipFile for the content of another file."""
        with np.load(BytesIO(content)) as arrays:
            return cls(arrays["whitening"].astype(float), arrays["centres"].astype(float))

    def save(self, path: Path) -> None:
        np.savez(path, whitening=np.float32(self.whitening), centres=np.float32(self.centres))

    def whiten(self, features: Floats) -> Floats:
        """Return features (N, members, F) with a spread of 1 in each class."""
        return np.asarray(np.einsum("mfg,nmg->nmf", self.whitening, features))

    def measure_distances(self, whitened: Floats) -> Floats:
        """Return the members' mean squared distance (N,) to the nearest class, divided by F.

        `whitened` is (N, members, F). Training data have a distance of about 1.
        """
        # |a - b|² written out needs no array of N × members × classes × F.
        across = np.einsum("nmf,mcf->nmc", whitened, self.centres)
        squared = (whitened**2).sum(axis=-1)[..., np.newaxis] - 2 * across
        nearest = (squared + (self.centres**2).sum(axis=-1)).min(axis=-1)
        return np.asarray(np.maximum(nearest, 0).mean(axis=-1) / whitened.shape[-1])


@dataclass(frozen=True)
class Outputs:
    """An ensemble's outputs for N images.

    `logits` of the ten digits are (N, members, 10), `rejection` logits of not being a digit
    (N, members), `features` (N, members, F).
    """

    logits: Floats
    rejection: Floats
    features: Floats


@dataclass(frozen=True)
class Estimates:
    """Calibrated estimates for N images.

    `probabilities` is (N, 10), each of the `scores` (N,), `features` (N, members, F), whitened.
    The score `predictive_entropy`, the total uncertainty in nats, is `expected_entropy` (aleatoric:
    every member wavers) plus `mutual_information` (epistemic: the members disagree). `rejection` is
    the probability, 0 to 1, that the image is not a digit; `distance` is the detector's.
    """

    probabilities: Floats
    scores: dict[str, Floats]
    features: Floats


def estimate(outputs: Outputs, temperature: float, detector: MahalanobisDetector) -> Estimates:
    by_member = softmax(outputs.logits / temperature)
    probabilities = by_member.mean(axis=1)
    features = detector.whiten(outputs.features)
    total, expected = entropy(probabilities), entropy(by_member).mean(axis=1)
    scores = {
        "predictive_entropy": total,
        "expected_entropy": expected,
        "mutual_information": np.maximum(total - expected, 0),
        "energy": energy(outputs.logits).mean(axis=1),
        "rejection": sigmoid(outputs.rejection.mean(axis=1)),
        "distance": detector.measure_distances(features),
    }
    return Estimates(probabilities, scores, features)
