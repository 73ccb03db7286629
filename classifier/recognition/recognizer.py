"""Recognises 28×28 images with the model in a folder."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import model_folder, uncertainty
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.ink_finder import InkFinder
from classifier.recognition.labels import DIGITS, Label, Reason, Verdict
from classifier.recognition.lines.reader import LineReader
from classifier.recognition.litert import LiteRtGraph
from classifier.recognition.model_folder import ArtifactError, Manifest
from classifier.recognition.uncertainty import Floats, MahalanobisDetector, Outputs

NOT_A_DIGIT = 10  # the class after the ten digits
REJECTED_ABOVE = 0.5  # an image more likely not a digit than one is rejected
UNREADABLE = (EOFError, LookupError, OSError, ValueError, BadZipFile)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recognition:
    """A model's answer for one image.

    `probabilities` (10,) sum to 1; `scores` are measures of uncertainty by name (see
    `uncertainty.Estimates`); `features` (F,) are the first member's, whitened.
    """

    probabilities: NDArray[np.float64]
    scores: dict[str, float]
    verdict: Verdict
    reason: Reason | None
    features: Floats

    @cached_property
    def best_guess(self) -> str:
        return DIGITS[int(self.probabilities.argmax())]

    @property
    def label(self) -> str:
        return self.best_guess if self.verdict == Verdict.DIGIT else Label.UNKNOWN

    @property
    def proposed_label(self) -> str:
        """The label to confirm or correct: a digit or not_a_digit."""
        return Label.NOT_A_DIGIT if self.verdict == Verdict.NOT_A_DIGIT else self.best_guess

    @cached_property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    @property
    def certainty(self) -> float:
        """The probability, 0 to 1, that this is a digit and the best guess is right."""
        return self.confidence * (1 - self.scores["rejection"])

    @property
    def acquisition_score(self) -> float:
        """The value of a label for this image, 0 to 1.

        It is high if the two likeliest of the eleven classes are close (margin sampling: Scheffer
        et al. 2001), and highest for unsure verdicts.
        """
        rejection = self.scores["rejection"]
        second, first = np.sort(np.append(self.probabilities * (1 - rejection), rejection))[-2:]
        return float((self.verdict == Verdict.UNSURE) + 1 - (first - second)) / 2


class Graph:
    """The ensemble as one LiteRT graph. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raise ValueError if the content is not a LiteRT graph."""
        self._graph = LiteRtGraph(content, (1, 28, 28, 1))

    def run(self, images: Iterable[NDArray[np.uint8]]) -> Outputs:
        """Run the ensemble on at least one (28, 28) image, ink = 255."""
        tensors = [np.divide(image, 255, dtype=np.float32) for image in images]
        each = [self._graph.run(tensor.reshape(1, 28, 28, 1)) for tensor in tensors]
        outputs = np.concatenate(each).astype(np.float64)
        return Outputs(
            outputs[..., :NOT_A_DIGIT], outputs[..., NOT_A_DIGIT], outputs[..., NOT_A_DIGIT + 1 :]
        )


class Recognizer:
    """A loaded model, independent of later changes to its folder. Safe to share between threads.

    `checksum` is the manifest's sha256.
    """

    def __init__(self, folder: Path, checksum: str | None = None) -> None:
        """Raise ArtifactError if the folder is missing, damaged or of another format.

        Raise it too if a `checksum` is passed and the manifest has another one.
        """
        self.manifest, self.checksum = model_folder.read_manifest(folder, checksum)
        read = partial(model_folder.read_file, folder, self.manifest)
        files = self.manifest.files
        self._exemplar_file = _read_exemplar_file(folder, self.manifest)
        try:
            self.graph = Graph(read(model_folder.GRAPH))
            self._detector = MahalanobisDetector.load(read(model_folder.REJECTOR))
            lines, ink = model_folder.LINES, model_folder.INK
            self.line_reader = LineReader(read(lines)) if lines in files else None
            self.ink_finder = InkFinder(read(ink)) if ink in files else None
            # Files of different models fail here instead of at the first picture.
            self.recognize([np.zeros((28, 28), np.uint8)])
        except UNREADABLE as error:
            raise ArtifactError(f"The files in {folder} don't belong together: {error}") from error

    @property
    def name(self) -> str:
        return self.manifest.name

    @cached_property
    def exemplars(self) -> Exemplars | None:
        """The exemplars, or None if the folder has none that can be read.

        They are decoded at first use, because that takes longer than to load the rest.
        """
        if self._exemplar_file is None:
            return None
        try:
            return Exemplars.load(self._exemplar_file)
        except UNREADABLE as error:
            _warn_of_exemplars(self.manifest, error)
            return None

    def recognize(self, images: Iterable[NDArray[np.uint8]]) -> list[Recognition]:
        """Return a recognition of each (28, 28) image, ink = 255."""
        images = list(images)
        if not images:
            return []
        outputs = self.graph.run(images)
        estimates = uncertainty.estimate(outputs, self.manifest.temperature, self._detector)
        recognitions = []
        for place, probabilities in enumerate(estimates.probabilities):
            scores = {name: float(values[place]) for name, values in estimates.scores.items()}
            verdict, reason = self._decide(float(probabilities.max()), scores)
            features = estimates.features[place, 0]
            recognitions.append(Recognition(probabilities, scores, verdict, reason, features))
        return recognitions

    def _decide(self, confidence: float, scores: dict[str, float]) -> tuple[Verdict, Reason | None]:
        thresholds = self.manifest.thresholds
        if scores["rejection"] > REJECTED_ABOVE:
            return Verdict.NOT_A_DIGIT, Reason.ANOTHER_SIGN
        if scores["rejection"] > thresholds["rejection"]:
            return Verdict.UNSURE, Reason.ANOTHER_SIGN
        if scores["distance"] > thresholds["distance"]:
            return Verdict.UNSURE, Reason.UNLIKE_ANY_DIGIT
        if confidence < thresholds["confidence"]:
            return Verdict.UNSURE, Reason.LOW_CONFIDENCE
        return Verdict.DIGIT, None


def _read_exemplar_file(folder: Path, manifest: Manifest) -> bytes | None:
    """Return the verified content of the folder's exemplars; log a warning if it is damaged."""
    if model_folder.EXEMPLARS not in manifest.files:
        return None
    try:
        return model_folder.read_file(folder, manifest, model_folder.EXEMPLARS)
    except ArtifactError as error:
        _warn_of_exemplars(manifest, error)
        return None


def _warn_of_exemplars(manifest: Manifest, error: Exception) -> None:
    logger.warning("Model %s serves without its exemplars: %s", manifest.name, error)
