"""Labelled images as arrays."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.recognizer import NOT_A_DIGIT

Pixels = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Images:
    """(N, 28, 28) pixels, ink = 255, and their (N,) labels: 0…9, or NOT_A_DIGIT."""

    pixels: Pixels
    labels: Labels

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
        """The sha256 of pixels and labels, in their order."""
        return hashlib.sha256(self.pixels.tobytes() + self.labels.tobytes()).hexdigest()

    @property
    def digits(self) -> "Images":
        return self[self.labels != NOT_A_DIGIT]

    @property
    def others(self) -> "Images":
        return self[self.labels == NOT_A_DIGIT]


def pixel_hash(pixels: bytes) -> int:
    """Always the same for equal images, so that a share chosen by it never changes."""
    return int.from_bytes(hashlib.sha256(pixels).digest()[:8])


def none(pixels: Pixels) -> Images:
    """Of what is no digit."""
    return Images(pixels, np.full(len(pixels), NOT_A_DIGIT, np.uint8))
