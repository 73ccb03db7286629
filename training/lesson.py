"""What one run learns from, and what it is calibrated on: given images, and self-made ones."""

from dataclasses import dataclass

import numpy as np

from training import outliers, styles
from training.images import Images, none, pixel_hash
from training.outliers import Digits

CALIBRATION_IN = 12  # of MNIST's 60,000: 5,000
STYLED = 0.08
OUTLIERS = 0.2


@dataclass(frozen=True)
class Lesson:
    train: Images
    calibration: Images


def prepare(given: Images, seed: int) -> Lesson:
    """Digits, and what people said is none → both with self-made ones, in two parts.

    No model ever learns from what calibrates another: a hash of the pixels decides.
    """
    digits = given.digits
    apart = np.array(
        [pixel_hash(image.tobytes()) % CALIBRATION_IN == 0 for image in digits.pixels], bool
    )
    rng = np.random.default_rng(seed)
    learnt, held = digits[~apart], digits[apart]
    styled = styles.digits(int(STYLED * len(learnt)), rng)
    return Lesson(
        train=learnt + styled + _made(learnt, OUTLIERS, rng) + given.others,
        calibration=held + _made(held, 1.0, rng),
    )


def _made(digits: Images, share: float, rng: np.random.Generator) -> Images:
    return none(outliers.make(int(share * len(digits)), Digits(digits), rng))
