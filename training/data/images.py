"""Labelled images as arrays."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.recognizer import NOT_A_DIGIT

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Images:
    """(N, 28, 28) pixels, ink = 255, and their (N,) labels: 0 to 9 or NOT_A_DIGIT."""

    pixels: Pixels
    labels: Labels

    @classmethod
    def from_non_digits(cls, pixels: Pixels) -> "Images":
        return cls(pixels, np.full(len(pixels), NOT_A_DIGIT, np.uint8))

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: "Images") -> "Images":
        return Images(
            np.concatenate([self.pixels, other.pixels]), np.concatenate([self.labels, other.labels])
        )

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Images":
        return Images(self.pixels[chosen], self.labels[chosen])

    @property
    def digest(self) -> str:
        """The sha256 of pixels and labels in their order."""
        return hashlib.sha256(self.pixels.tobytes() + self.labels.tobytes()).hexdigest()

    @property
    def digits(self) -> "Images":
        return self[self.labels != NOT_A_DIGIT]

    @property
    def non_digits(self) -> "Images":
        return self[self.labels == NOT_A_DIGIT]


@dataclass(frozen=True)
class EvaluationSet:
    """N images to evaluate models on, and their ids."""

    ids: list[str]
    images: Images


@dataclass(frozen=True)
class GroupedImages(EvaluationSet):
    """N labelled images, their ids, and the group of near-duplicates of each."""

    groups: list[str]
