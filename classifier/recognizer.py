"""28×28 images → probabilities, uncertainty and a verdict, from a model folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from classifier import artifact
from classifier.vocabulary import DIGITS, Label, Reason, Verdict


@dataclass(frozen=True)
class Recognition:
    """What a model says of one image.

    `probabilities` has ten entries that sum to 1; `scores` are measures of uncertainty by name,
    `predictive_entropy` in nats (0 to ln 10).
    """

    probabilities: NDArray[np.float64]
    scores: dict[str, float]
    verdict: Verdict
    reason: Reason | None

    @property
    def best_guess(self) -> str:
        return DIGITS[int(self.probabilities.argmax())]

    @property
    def label(self) -> str:
        return self.best_guess if self.verdict == Verdict.DIGIT else Label.UNKNOWN

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


class Recognizer:
    """One loaded model. Safe to share between threads.

    Raises ArtifactError where the folder is missing, damaged or of another format.
    """

    def __init__(self, folder: Path) -> None:
        self.manifest = artifact.read(folder)
        self._interpreter = self._load(folder / artifact.GRAPH)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._lock = Lock()

    @staticmethod
    def _load(graph: Path) -> Interpreter:
        try:
            interpreter = Interpreter(model_path=str(graph), num_threads=1)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise artifact.DamagedArtifact(f"{graph} is not a LiteRT graph: {error}") from error
        return interpreter

    @property
    def name(self) -> str:
        return self.manifest.name

    def recognize(self, images: Iterable[NDArray[np.uint8]]) -> list[Recognition]:
        """(28, 28) images, ink = 255 → a recognition each."""
        return [self._judge(self._logits(image)) for image in images]

    def _logits(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(members, 10), unscaled."""
        tensor = image.reshape(1, 28, 28, 1).astype(np.float32) / 255
        with self._lock:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            output = self._interpreter.get_tensor(self._output)
        return np.asarray(output[0], dtype=np.float64)

    def _judge(self, logits: NDArray[np.float64]) -> Recognition:
        probabilities = softmax(logits / self.manifest.temperature).mean(axis=0)
        sure = probabilities.max() >= self.manifest.thresholds["confidence"]
        return Recognition(
            probabilities=probabilities,
            scores={"predictive_entropy": entropy(probabilities)},
            verdict=Verdict.DIGIT if sure else Verdict.UNSURE,
            reason=None if sure else Reason.LOW_CONFIDENCE,
        )


def entropy(probabilities: NDArray[np.float64]) -> float:
    """In nats."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())
