"""Fits what stands between outputs and verdicts: temperature, neighbourhoods, thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import uncertainty
from classifier.recognition.certificate import Certificate
from classifier.recognition.recognizer import LIKELIER_THAN_NOT, NOT_A_DIGIT, Graph, Outputs
from classifier.recognition.uncertainty import Floats, Neighbourhoods
from training.certification import DIGITS, Claim, Scored, certify
from training.data.images import Images, Labels
from training.data.split import Lesson

# Shares of held-out digits.
DOUBTED_BY_REJECTION = 0.005
DOUBTED_BY_DISTANCE = 0.001
WRONG_AT_DIGIT = 0.001  # where no claim is proved
# The loosest one that is proved decides from which confidence on the verdict is `digit`.
CLAIMS = (DIGITS, Claim("digits", 0.002))
TEMPERATURES = np.arange(0.3, 3.0, 0.01)
NEIGHBOURS = 10_000
SHRINKAGE = 0.01


@dataclass(frozen=True)
class Calibration:
    temperature: float
    thresholds: dict[str, float]
    neighbourhoods: Neighbourhoods
    certificates: tuple[Certificate, ...] = ()


def fit(graph: Graph, lesson: Lesson) -> Calibration:
    learnt, digits = _some(lesson.train.digits), lesson.calibration.digits
    neighbourhoods = neighbourhoods_of(graph.outputs(learnt.pixels), learnt.labels)
    outputs = graph.outputs(digits.pixels)
    temperature = best_temperature(outputs.logits, digits.labels)
    each = uncertainty.softmax(outputs.logits / temperature)
    distance = neighbourhoods.distance(neighbourhoods.whitened(outputs.features))
    scores = uncertainty.scores(each, outputs.logits, outputs.rejection, distance)
    limits = {
        "rejection": _upper(scores["rejection"], DOUBTED_BY_REJECTION),
        "distance": _upper(scores["distance"], DOUBTED_BY_DISTANCE),
    }
    probabilities = each.mean(axis=1)
    answers = _scored(digits, probabilities, _pass(scores, limits))
    certificates = tuple(certify(claim, answers) for claim in CLAIMS)
    proved = [each.threshold for each in certificates if each.threshold is not None]
    confidence = min(proved, default=least_confidence(probabilities, digits.labels))
    return Calibration(
        temperature, {"confidence": confidence, **limits}, neighbourhoods, certificates
    )


def _pass(scores: Mapping[str, Floats], limits: dict[str, float]) -> NDArray[np.bool_]:
    """(N,): whether an image is a digit if the confidence suffices."""
    within = [scores[name] <= limit for name, limit in limits.items()]
    return np.asarray(np.logical_and.reduce([*within, scores["rejection"] <= LIKELIER_THAN_NOT]))


def _scored(digits: Images, probabilities: Floats, passed: NDArray[np.bool_]) -> Scored:
    """Equal pixels count as one writer's."""
    flat = digits.pixels.reshape(len(digits), -1)
    return Scored(
        scores=np.where(passed, probabilities.max(axis=1), -np.inf),
        right=probabilities.argmax(axis=1) == digits.labels,
        groups=np.unique(flat, axis=0, return_inverse=True)[1].ravel(),
        digest=digits.digest,
    )


def _some(images: Images) -> Images:
    """No more than it takes, of every kind."""
    return images[np.random.default_rng(0).permutation(len(images))[:NEIGHBOURS]]


def best_temperature(logits: Floats, labels: Labels) -> float:
    """The one that makes held-out labels likeliest (Guo et al. 2017); logits (N, members, 10)."""

    def surprise(temperature: float) -> float:
        of_labels = uncertainty.softmax(logits / temperature).mean(axis=1)
        return -float(np.log(of_labels[np.arange(len(labels)), labels]).mean())

    return float(min(TEMPERATURES, key=surprise))


def neighbourhoods_of(outputs: Outputs, labels: Labels) -> Neighbourhoods:
    """Class means and one shared covariance for each member's features."""
    parts = [
        _whitened(outputs.features[:, member], labels)
        for member in range(outputs.features.shape[1])
    ]
    return Neighbourhoods(*(np.stack(part) for part in zip(*parts, strict=True)))


def _whitened(features: Floats, labels: Labels) -> tuple[Floats, Floats]:
    centres = np.stack([features[labels == digit].mean(axis=0) for digit in range(NOT_A_DIGIT)])
    spread = np.cov(features - centres[labels], rowvar=False)
    # Features that hardly vary would count for everything.
    spread += SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    whitening = np.linalg.inv(np.linalg.cholesky(spread)).astype(np.float64)
    return whitening, np.asarray(centres @ whitening.T)


def _upper(values: Floats, share: float) -> float:
    """What only this share exceeds."""
    return float(np.quantile(values, 1 - share))


def least_confidence(probabilities: Floats, labels: Labels) -> float:
    """The smallest confidence from which on no more than the budget of digits is read wrong."""
    confidence = probabilities.max(axis=1)
    falling = np.argsort(-confidence)
    wrong = (probabilities.argmax(axis=1) != labels)[falling].cumsum()
    within = np.flatnonzero(wrong <= WRONG_AT_DIGIT * len(labels))
    if not len(within):
        return float(np.nextafter(confidence.max(), 2))
    return float(confidence[falling[within[-1]]])
