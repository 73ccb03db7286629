"""Fits how likely a line is right, and from which probability on it is called so."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import imaging, line_confidence
from classifier.recognition.certificate import Certificate
from classifier.recognition.line_confidence import Floats, LineConfidence
from classifier.recognition.reader import SEVERAL, find_strips, read_twice, recognize_pieces
from classifier.recognition.recognizer import Recognizer
from training.certification import STRINGS, Scored, certify
from training.data.images import Images
from training.data.strings import Composer, Photo

LINES = 4_800  # a third of them to fit on, the others to certify with
PAPERS = 100
NEVER = 2.0  # no probability reaches it
NO_CONFIDENCE = -20.0  # in log-odds


@dataclass(frozen=True)
class LineCalibration:
    """`line_confidence` are the fields of a LineConfidence, `threshold` the least probability of a
    line that is called `digit`."""

    line_confidence: dict[str, Any]
    threshold: float
    certificate: Certificate


@dataclass(frozen=True)
class _Read:
    """N lines as read: (N, FEATURES) features, and (N,) whether the text is right."""

    features: Floats
    right: NDArray[np.bool_]


def calibrate_lines(recognizer: Recognizer, digits: Images, seed: int) -> LineCalibration:
    """Compose lines of digits that no network learned from, some in forms that none learned, and
    fit and certify on them."""
    count = min(LINES, len(digits))
    rng = np.random.default_rng(seed)
    composer = Composer(digits, rng, 1 + min(PAPERS, count // 20), untaught=True)
    photos = [composer.photograph(rng) for _ in range(count)]
    first, second = photos[: count // 3], photos[count // 3 :]
    fitted = _read(first, recognizer)
    confidence = _fit_confidence(fitted)
    held_out = _read(second, recognizer)
    scored = Scored(
        scores=confidence.estimate(held_out.features),
        right=held_out.right,
        groups=np.arange(len(held_out.right)),
        digest=_digest(second),
    )
    certificate = certify(STRINGS, scored)
    threshold = NEVER if certificate.threshold is None else certificate.threshold
    return LineCalibration(asdict(confidence), threshold, certificate)


def _fit_confidence(read: _Read) -> LineConfidence:
    """Return the fitted confidence, or one of next to nothing where no digit was read."""
    if not len(read.right):
        return LineConfidence((0.0,) * len(line_confidence.FEATURES), NO_CONFIDENCE)
    return line_confidence.fit_confidence(read.features, read.right)


def _read(photos: list[Photo], recognizer: Recognizer) -> _Read:
    """Read them as pictures are read, without those that do not look like one line of several
    digits: these are read otherwise."""
    features, right = [], []
    for photo in photos:
        picture = imaging.from_array(np.clip(photo.grey, 0, 255).astype(np.uint8))
        page = imaging.find_page(picture)
        lines = find_strips(picture, page)
        if len(lines) != 1:
            continue
        _, reading, _, opinions = read_twice(lines[0], recognizer)
        if len(reading.text) < SEVERAL or None in opinions:
            continue
        pieces = [piece.recognition for piece in recognize_pieces(page, recognizer)]
        features.append(line_confidence.measure_agreement(reading, opinions, pieces))
        right.append(reading.text == photo.text)
    shape = (len(right), len(line_confidence.FEATURES))
    return _Read(np.reshape(features, shape), np.array(right, np.bool_))


def _digest(photos: list[Photo]) -> str:
    content = b"".join(photo.grey.tobytes() + photo.text.encode() for photo in photos)
    return hashlib.sha256(content).hexdigest()
