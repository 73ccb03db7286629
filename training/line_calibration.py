"""Fits how likely a line is right, and from which probability on it is called so."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import imaging, line_confidence
from classifier.recognition.certificate import Certificate
from classifier.recognition.line_confidence import Floats, LineConfidence
from classifier.recognition.reader import read_twice, recognize_pieces
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.strip import darken
from training.certification import STRINGS, Scored, certify
from training.data.images import Images
from training.data.strings import Composer, Line

LINES = 4_000  # half of them to fit on, half to certify with
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
    """Compose lines of digits that no network learned from, and fit and certify on them."""
    count = min(LINES, len(digits))
    rng = np.random.default_rng(seed)
    composer = Composer(digits, rng, 1 + min(PAPERS, count // 20))
    lines = [composer.compose(rng) for _ in range(count)]
    first, second = lines[: count // 2], lines[count // 2 :]
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


def _read(lines: list[Line], recognizer: Recognizer) -> _Read:
    features, right = [], []
    for line in lines:
        grey = darken(line.ink)
        reading, _, opinions = read_twice(grey, recognizer)
        if not reading.text:
            continue
        page = imaging.find_page(imaging.from_array(np.clip(255 * grey, 0, 255).astype(np.uint8)))
        pieces = [piece.recognition for piece in recognize_pieces(page, recognizer)]
        features.append(line_confidence.measure_agreement(reading, opinions, pieces))
        right.append(reading.text == line.text)
    shape = (len(right), len(line_confidence.FEATURES))
    return _Read(np.reshape(features, shape), np.array(right, np.bool_))


def _digest(lines: list[Line]) -> str:
    content = b"".join(line.ink.tobytes() + line.text.encode() for line in lines)
    return hashlib.sha256(content).hexdigest()
