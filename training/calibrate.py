"""Fits temperature, outlier detector and thresholds to an ensemble."""

from dataclasses import dataclass

import numpy as np

from classifier.recognition import uncertainty
from classifier.recognition.certificate import Certificate
from classifier.recognition.recognizer import NOT_A_DIGIT, REJECTED_ABOVE, Graph
from classifier.recognition.uncertainty import Estimates, Floats, MahalanobisDetector
from training.certification import DIGITS, Claim, ScoredAnswers, certify
from training.data.images import Images, Labels
from training.data.split import TrainingSplit

# Shares of the calibration digits.
UNSURE_BY_REJECTION = 0.005
UNSURE_BY_DISTANCE = 0.001
WRONG_AT_DIGIT = 0.001  # if no claim is proved
# The loosest proved claim sets the confidence that the verdict `digit` needs.
CLAIMS = (DIGITS, Claim("digits", 0.002))
TEMPERATURES = np.arange(0.3, 3.0, 0.01)
DETECTOR_DIGITS = 10_000
SHRINKAGE = 0.01


@dataclass(frozen=True)
class Calibration:
    temperature: float
    thresholds: dict[str, float]
    detector: MahalanobisDetector
    certificates: tuple[Certificate, ...] = ()


def fit_calibration(graph: Graph, split: TrainingSplit) -> Calibration:
    trained, digits = split.train.digits, split.calibration.digits
    sample = trained[np.random.default_rng(0).permutation(len(trained))[:DETECTOR_DIGITS]]
    detector = fit_detector(graph.run(sample.pixels).features, sample.labels)
    outputs = graph.run(digits.pixels)
    temperature = fit_temperature(outputs.logits, digits.labels)
    estimates = uncertainty.estimate(outputs, temperature, detector)
    limits = {
        "rejection": float(np.quantile(estimates.scores["rejection"], 1 - UNSURE_BY_REJECTION)),
        "distance": float(np.quantile(estimates.scores["distance"], 1 - UNSURE_BY_DISTANCE)),
    }
    answers = _score_answers(digits, estimates, limits)
    certificates = tuple(certify(claim, answers) for claim in CLAIMS)
    proved = [each.threshold for each in certificates if each.threshold is not None]
    fallback = find_confidence_threshold(estimates.probabilities, digits.labels)
    thresholds = {"confidence": min(proved, default=fallback), **limits}
    return Calibration(temperature, thresholds, detector, certificates)


def _score_answers(digits: Images, estimates: Estimates, limits: dict[str, float]) -> ScoredAnswers:
    """Score answers by confidence, those beyond a limit by -inf. Equal pixels form a group."""
    limits = limits | {"rejection": min(limits["rejection"], REJECTED_ABOVE)}
    passed = np.logical_and.reduce([estimates.scores[name] <= limits[name] for name in limits])
    confidence = estimates.probabilities.max(axis=1)
    flat = digits.pixels.reshape(len(digits), -1)
    return ScoredAnswers(
        scores=np.where(passed, confidence, -np.inf),
        right=estimates.probabilities.argmax(axis=1) == digits.labels,
        groups=np.unique(flat, axis=0, return_inverse=True)[1].ravel(),
        digest=digits.digest,
    )


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """Return the temperature that gives labels (N,) the highest likelihood (Guo et al. 2017).

    `logits` are (N, members, 10).
    """

    def measure_nll(temperature: float) -> float:
        probabilities = uncertainty.softmax(logits / temperature).mean(axis=1)
        return -float(np.log(probabilities[np.arange(len(labels)), labels]).mean())

    return float(min(TEMPERATURES, key=measure_nll))


def fit_detector(features: Floats, labels: Labels) -> MahalanobisDetector:
    """Fit the detector to features (N, members, F) and labels (N,)."""
    parts = [_whiten_classes(features[:, index], labels) for index in range(features.shape[1])]
    return MahalanobisDetector(*(np.stack(part) for part in zip(*parts, strict=True)))


def _whiten_classes(features: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Return the whitening matrix (F, F) of features (N, F), and the whitened class means."""
    centres = np.stack([features[labels == digit].mean(axis=0) for digit in range(NOT_A_DIGIT)])
    spread = np.cov(features - centres[labels], rowvar=False)
    # Without shrinkage, features that hardly vary would dominate the distance.
    spread += SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    whitening = np.linalg.inv(np.linalg.cholesky(spread)).astype(np.float64)
    return whitening, np.asarray(centres @ whitening.T)


def find_confidence_threshold(probabilities: Floats, labels: Labels) -> float:
    """Return the lowest confidence at which at most WRONG_AT_DIGIT of all digits are wrong."""
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence)
    errors = (probabilities.argmax(axis=1) != labels)[order].cumsum()
    within = np.flatnonzero(errors <= WRONG_AT_DIGIT * len(labels))
    if not len(within):
        return float(np.nextafter(confidence.max(), 2))
    return float(confidence[order[within[-1]]])
