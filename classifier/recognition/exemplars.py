"""Training digits that represent all of them, to show what an image resembles."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import active_learning
from classifier.recognition.active_learning import Embeddings


@dataclass(frozen=True)
class Exemplars:
    """N of MNIST's training digits, with the embeddings of the model that they belong to.

    `pixels` is (N, 28, 28), ink = 255; `labels` (N,), 0 to 9; `embeddings` (N, F).
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    embeddings: Embeddings

    @classmethod
    def load(cls, content: bytes) -> "Exemplars":
        """Raise EOFError, KeyError, ValueError or BadZipFile for the content of another file."""
        with np.load(BytesIO(content)) as arrays:
            return cls(arrays["pixels"], arrays["labels"], arrays["embeddings"])

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path, pixels=self.pixels, labels=self.labels, embeddings=self.embeddings
        )

    def find_nearest(self, encoded: list[bytes], count: int) -> list[list[int]]:
        """Return the indices of the exemplars nearest to each encoded embedding, in order."""
        exemplars = self.embeddings.astype(np.float32)
        images = active_learning.decode_embeddings(encoded, exemplars.shape[1]).astype(np.float32)
        # The squared distance less a term that is the same for all exemplars.
        distances = (exemplars**2).sum(axis=1) - 2 * images @ exemplars.T
        return [np.argsort(row)[:count].tolist() for row in distances]
