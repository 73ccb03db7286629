"""Training digits that stand for all of them: what a model finds an image to be most like."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import active_learning
from classifier.recognition.active_learning import Embeddings


@dataclass(frozen=True)
class Exemplars:
    """N of MNIST's training digits: (N, 28, 28) pixels, ink = 255; (N,) labels, 0…9; and (N, F)
    embeddings, as the model that they come with makes them (see `usefulness`)."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    embeddings: Embeddings

    @classmethod
    def load(cls, content: bytes) -> "Exemplars":
        """Raises EOFError, KeyError, ValueError or BadZipFile for any other file's content."""
        with np.load(BytesIO(content)) as arrays:
            return cls(arrays["pixels"], arrays["labels"], arrays["embeddings"])

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path, pixels=self.pixels, labels=self.labels, embeddings=self.embeddings
        )

    def nearest(self, stored: list[bytes], count: int) -> list[list[int]]:
        """Of each image, by its embedding, the numbers of those most like it, in that order."""
        others = self.embeddings.astype(np.float32)
        images = active_learning.embeddings(stored, others.shape[1]).astype(np.float32)
        # The squared distance, less what is the same for all.
        apart = (others**2).sum(axis=1) - 2 * images @ others.T
        return [np.argsort(each)[:count].tolist() for each in apart]
