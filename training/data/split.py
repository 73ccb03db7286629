"""What one run learns from, and what it is calibrated on: given images, and self-made ones."""

from dataclasses import dataclass

import numpy as np

from training.data import outliers, styles
from training.data.images import Images, none, pixel_hash
from training.data.outliers import Digits

CALIBRATION_IN = 12  # of MNIST's 60,000: 5,000
STYLED = 0.08
OUTLIERS = 0.2
# A fine-tuning epoch: so many of the given digits, and of all of it this share of corrections,
# unless they are so few that each would come up too often.
REPLAYED = 8_000
CORRECTED = 0.4
MOST_REPEATS = 20


class NothingToLearn(Exception):
    """There are no corrections; the message names the way to get some."""


@dataclass(frozen=True)
class Lesson:
    train: Images
    calibration: Images


def prepare(given: Images, seed: int) -> Lesson:
    """Digits, and what people said is none → both with self-made ones, in two parts.

    No model ever learns from what calibrates another: a hash of the pixels decides.
    """
    rng = np.random.default_rng(seed)
    learnt, held = _apart(given.digits)
    return Lesson(
        train=_with_made(learnt, rng) + given.others,
        calibration=held + _made(held, 1.0, rng),
    )


def for_fine_tuning(given: Images, corrections: Images, seed: int) -> Lesson:
    """Some of the given digits replayed, lest they are forgotten (Robins 1995), among repeated
    corrections, which may be digits or none → a lesson in two parts as `prepare` makes them.

    Raises NothingToLearn.
    """
    rng = np.random.default_rng(seed)
    learnt, held = _apart(given.digits)
    corrected, held_corrections = _apart(corrections.digits)
    corrected, held = corrected + corrections.others, held + held_corrections
    if not len(corrected):
        raise NothingToLearn("There are no labelled uploads to learn from; label some first.")
    replayed = _with_made(learnt[rng.permutation(len(learnt))[:REPLAYED]], rng)
    return Lesson(
        train=replayed + _repeated(corrected, len(replayed)),
        calibration=held + _made(held, OUTLIERS, rng),
    )


def learnt(given: Images) -> Images:
    """The digits among them that models learn from."""
    return _apart(given.digits)[0]


def _apart(digits: Images) -> tuple[Images, Images]:
    """What is learnt from, and what calibrates."""
    held = np.array(
        [pixel_hash(image.tobytes()) % CALIBRATION_IN == 0 for image in digits.pixels], bool
    )
    return digits[~held], digits[held]


def _with_made(digits: Images, rng: np.random.Generator) -> Images:
    styled = styles.digits(int(STYLED * len(digits)), rng)
    return digits + styled + _made(digits, OUTLIERS, rng)


def _repeated(corrected: Images, others: int) -> Images:
    """As often as makes them their share beside that many others."""
    wanted = CORRECTED / (1 - CORRECTED) * others
    times = min(max(round(wanted / len(corrected)), 1), MOST_REPEATS)
    return corrected[np.tile(np.arange(len(corrected)), times)]


def _made(digits: Images, share: float, rng: np.random.Generator) -> Images:
    return none(outliers.make(int(share * len(digits)), Digits(digits), rng))
