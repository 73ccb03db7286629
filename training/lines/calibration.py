"""Fit the confidence of lines, and certify the threshold from which a line is certain."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import imaging
from classifier.recognition.certificate import Certificate
from classifier.recognition.lines.confidence import FEATURES, LineConfidence, measure_agreement
from classifier.recognition.reader import SEVERAL, find_strips, read_twice, recognize_pieces
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.uncertainty import Floats
from training.certification import STRINGS, ScoredAnswers, certify
from training.data.images import Images
from training.data.strings import Composer, Photo

LINES = 4_800  # a third of them to fit on, the others to certify with
BACKGROUNDS = 100
UNREACHABLE = 2.0  # a threshold above all probabilities
EXTREME = 20.0  # in log-odds
DECAY = 1e-2


@dataclass(frozen=True)
class LineCalibration:
    """The fields of a LineConfidence, and the certified threshold.

    A line is certain if its probability of being right is at least `threshold`.
    """

    line_confidence: dict[str, Any]
    threshold: float
    certificate: Certificate


@dataclass(frozen=True)
class _Readings:
    """The readings of N lines: (N, FEATURES) features, and (N,) whether the text is right."""

    features: Floats
    right: NDArray[np.bool_]


def calibrate_lines(recognizer: Recognizer, digits: Images, seed: int) -> LineCalibration:
    """Fit and certify on composed lines of digits that no network was trained on.

    Some of their digits have forms that are not in the training lines.
    """
    count = min(LINES, len(digits))
    rng = np.random.default_rng(seed)
    composer = Composer(digits, rng, 1 + min(BACKGROUNDS, count // 20), include_held_out=True)
    photos = [composer.photograph(rng) for _ in range(count)]
    fitted = _read_photos(photos[: count // 3], recognizer)
    confidence = fit_confidence(fitted.features, fitted.right)
    certified = photos[count // 3 :]
    held_out = _read_photos(certified, recognizer)
    answers = ScoredAnswers(
        scores=confidence.estimate(held_out.features),
        right=held_out.right,
        groups=np.arange(len(held_out.right)),
        digest=hashlib.sha256(
            b"".join(photo.grey.tobytes() + photo.text.encode() for photo in certified)
        ).hexdigest(),
    )
    certificate = certify(STRINGS, answers)
    threshold = UNREACHABLE if certificate.threshold is None else certificate.threshold
    return LineCalibration(asdict(confidence), threshold, certificate)


def fit_confidence(
    features: Floats, right: NDArray[np.bool_], decay: float = DECAY
) -> LineConfidence:
    """Fit a logistic regression, with a quadratic penalty `decay` on the scaled weights.

    `features` are (n, FEATURES); `right` is whether each line was read right. If all lines are
    right or none is, the confidence is near 1 or 0 for every line.
    """
    if len(np.unique(right)) < 2:
        log_odds = EXTREME if right.any() else -EXTREME
        return LineConfidence((0.0,) * len(FEATURES), log_odds)
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    fitted = LogisticRegression(C=1 / (decay * len(right)), tol=1e-8, max_iter=1000)
    fitted.fit((features - mean) / spread, right)
    weights = fitted.coef_[0] / spread
    return LineConfidence(tuple(weights.tolist()), float(fitted.intercept_[0] - weights @ mean))


def _read_photos(photos: list[Photo], recognizer: Recognizer) -> _Readings:
    """Read the photos like pictures.

    Those that do not look like one line of several digits are left out, because a picture like
    them is read digit by digit.
    """
    features, right = [], []
    for photo in photos:
        picture = imaging.Picture.from_array(np.clip(photo.grey, 0, 255).astype(np.uint8))
        page = imaging.find_page(picture)
        lines = find_strips(page)
        if len(lines) != 1:
            continue
        pieces = recognize_pieces(page, recognizer)
        evidence = read_twice(lines[0], pieces, recognizer)
        reading = evidence.reading
        if len(reading.text) < SEVERAL or None in evidence.opinions:
            continue
        separated = [piece.recognition for piece in pieces]
        features.append(measure_agreement(reading, evidence.opinions, separated))
        right.append(reading.text == photo.text)
    shape = (len(right), len(FEATURES))
    return _Readings(np.reshape(features, shape), np.array(right, np.bool_))
