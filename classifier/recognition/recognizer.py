"""28×28 images → probabilities, uncertainty and a verdict, from a model folder."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from classifier.recognition import model_folder, uncertainty
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.labels import DIGITS, Label, Reason, Verdict
from classifier.recognition.line_reader import LineReader
from classifier.recognition.native_stderr import LITERT_ANNOUNCEMENT, filter_stderr
from classifier.recognition.uncertainty import Floats, Neighbourhoods

NOT_A_DIGIT = 10  # its place among a member's outputs, after the ten digits'
LIKELIER_THAN_NOT = 0.5
UNREADABLE = (EOFError, LookupError, OSError, ValueError, BadZipFile)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recognition:
    """What a model says of one image.

    `probabilities` has ten entries that sum to 1; `scores` are measures of uncertainty by name
    (see `uncertainty.scores`); `whitened` are the first member's (F,) features, in which the
    spread of each class is 1.
    """

    probabilities: NDArray[np.float64]
    scores: dict[str, float]
    verdict: Verdict
    reason: Reason | None
    whitened: Floats

    @property
    def best_guess(self) -> str:
        return DIGITS[int(self.probabilities.argmax())]

    @property
    def label(self) -> str:
        return self.best_guess if self.verdict == Verdict.DIGIT else Label.UNKNOWN

    @property
    def guess(self) -> str:
        """The label that it would be given if it were right: a digit, or not_a_digit."""
        return Label.NOT_A_DIGIT if self.verdict == Verdict.NOT_A_DIGIT else self.best_guess

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    @property
    def certainty(self) -> float:
        """How likely it is that this is a digit and the best guess is right, 0 to 1."""
        return self.confidence * (1 - self.scores["rejection"])

    @property
    def doubt(self) -> float:
        """How much a person's answer would settle, 0 to 1: the margin between the two likeliest of
        the ten digits and none of them (Scheffer et al. 2001), and first of all what is unsure."""
        rejection = self.scores["rejection"]
        second, first = np.sort(np.append(self.probabilities * (1 - rejection), rejection))[-2:]
        return float((self.verdict == Verdict.UNSURE) + 1 - (first - second)) / 2


@dataclass(frozen=True)
class Outputs:
    """Of N images: logits (N, members, 10), rejection (N, members), features (N, members, F)."""

    logits: Floats
    rejection: Floats
    features: Floats


class Graph:
    """The ensemble as one LiteRT graph. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raises ValueError where the content is not such a graph.

        LiteRT maps a file that it opens itself, and a mapped file that is truncated ends the
        process.
        """
        try:
            with filter_stderr(LITERT_ANNOUNCEMENT):
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{model_folder.GRAPH} is not a LiteRT graph: {error}") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._lock = Lock()

    def outputs(self, images: Iterable[NDArray[np.uint8]]) -> Outputs:
        """(28, 28) images, ink = 255, at least one of them."""
        found = np.concatenate([self._run(image) for image in images]).astype(np.float64)
        return Outputs(
            found[..., :NOT_A_DIGIT], found[..., NOT_A_DIGIT], found[..., NOT_A_DIGIT + 1 :]
        )

    def _run(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        tensor = image.reshape(1, 28, 28, 1).astype(np.float32) / 255
        with self._lock:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            return np.asarray(self._interpreter.get_tensor(self._output))


class Recognizer:
    """One loaded model. Safe to share between threads.

    It has copies of the files in its folder, which may change or go later. `checksum` is the
    manifest's sha256.

    Raises ArtifactError where the folder is missing, damaged, of another format or not the one of
    the `checksum` that is given.
    """

    def __init__(self, folder: Path, checksum: str | None = None) -> None:
        self.manifest, self.checksum = model_folder.read_manifest(folder)
        if checksum not in (None, self.checksum):
            raise model_folder.DamagedArtifact(
                f"{folder} is not the model that was registered: its manifest has another "
                "checksum. Restore the folder, or promote another model."
            )
        graph = model_folder.read_file(folder, self.manifest, model_folder.GRAPH)
        rejector = model_folder.read_file(folder, self.manifest, model_folder.REJECTOR)
        self._exemplars = _read_exemplars(folder, self.manifest)
        self.line_reader: LineReader | None = None
        try:
            if model_folder.LINES in self.manifest.files:
                lines = model_folder.read_file(folder, self.manifest, model_folder.LINES)
                self.line_reader = LineReader(lines)
            self.graph = Graph(graph)
            self._neighbourhoods = Neighbourhoods.load(rejector)
            # What doesn't fit together shows here, and not at the first picture.
            self.recognize([np.zeros((28, 28), np.uint8)])
        except UNREADABLE as error:
            raise model_folder.DamagedArtifact(
                f"The files in {folder} don't belong together: {error}"
            ) from error

    @property
    def name(self) -> str:
        return self.manifest.name

    @cached_property
    def exemplars(self) -> Exemplars | None:
        """Decoded at their first use, because recognising needs none. None where the model has
        none, or they are damaged."""
        if self._exemplars is None:
            return None
        try:
            return Exemplars.load(self._exemplars)
        except UNREADABLE as error:
            _warn_of_exemplars(self.name, error)
            return None

    def recognize(self, images: Iterable[NDArray[np.uint8]]) -> list[Recognition]:
        """(28, 28) images, ink = 255 → a recognition each."""
        images = list(images)
        if not images:
            return []
        outputs = self.graph.outputs(images)
        each = uncertainty.softmax(outputs.logits / self.manifest.temperature)
        probabilities = each.mean(axis=1)
        whitened = self._neighbourhoods.whitened(outputs.features)
        distance = self._neighbourhoods.distance(whitened)
        scores = uncertainty.scores(each, outputs.logits, outputs.rejection, distance)
        return [
            self._judge(
                probabilities[place],
                {name: float(of[place]) for name, of in scores.items()},
                whitened[place, 0],
            )
            for place in range(len(images))
        ]

    def _judge(
        self, probabilities: Floats, scores: dict[str, float], whitened: Floats
    ) -> Recognition:
        verdict, reason = self._verdict(float(probabilities.max()), scores)
        return Recognition(probabilities, scores, verdict, reason, whitened)

    def _verdict(
        self, confidence: float, scores: dict[str, float]
    ) -> tuple[Verdict, Reason | None]:
        limits = self.manifest.thresholds
        if scores["rejection"] > LIKELIER_THAN_NOT:
            return Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN
        if scores["rejection"] > limits["rejection"]:
            return Verdict.UNSURE, Reason.ANOTHER_SIGN
        if scores["distance"] > limits["distance"]:
            return Verdict.UNSURE, Reason.UNLIKE_ANY_DIGIT
        if confidence < limits["confidence"]:
            return Verdict.UNSURE, Reason.LOW_CONFIDENCE
        return Verdict.DIGIT, None


def _read_exemplars(folder: Path, manifest: model_folder.Manifest) -> bytes | None:
    if model_folder.EXEMPLARS not in manifest.files:
        return None
    try:
        return model_folder.read_file(folder, manifest, model_folder.EXEMPLARS)
    except model_folder.DamagedArtifact as error:
        _warn_of_exemplars(manifest.name, error)
        return None


def _warn_of_exemplars(model: str, error: Exception) -> None:
    logger.warning("Model %s serves without its exemplars: %s", model, error)
