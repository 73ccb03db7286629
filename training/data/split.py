"""Splits a run's images into training and calibration data, and adds synthetic images."""

import hashlib
from dataclasses import dataclass

import numpy as np

from classifier.errors import RuleBroken
from classifier.recognition.imaging.errors import gettext_noop
from training.data import outliers, styles
from training.data.images import Images
from training.data.outliers import DigitPool

CALIBRATION_DIVISOR = 12  # one in 12 of MNIST's 60,000 is 5,000
STYLED_SHARE = 0.08
OUTLIER_SHARE = 0.25
REPLAYED = 8_000  # earlier digits in a fine-tuning epoch
UPLOAD_SHARE = 0.4  # of a fine-tuning epoch
MAX_REPEATS = 20  # of an upload in an epoch
NO_UPLOADS = gettext_noop("There are no labelled uploads to learn from; label some first.")


@dataclass(frozen=True)
class TrainingSplit:
    """The images that a run trains on and those that it is calibrated on."""

    train: Images
    calibration: Images


def prepare_training(images: Images, seed: int) -> TrainingSplit:
    """Split labelled images, and add synthetic ones to both parts.

    A hash of the pixels chooses the calibration digits, so that no model ever trains on those that
    calibrate another.
    """
    rng = np.random.default_rng(seed)
    training, calibration = split_digits(images.digits)
    return TrainingSplit(
        train=_add_synthetic(training, rng) + images.non_digits,
        calibration=calibration + _generate_outliers(calibration, 1.0, rng),
    )


def prepare_fine_tuning(images: Images, uploads: Images, seed: int) -> TrainingSplit:
    """Mix repeated uploads with some of the earlier digits, and split them.

    The earlier digits are replayed so that they are not forgotten (Robins 1995). Raise
    RuleBroken if there are no uploads.
    """
    rng = np.random.default_rng(seed)
    training, calibration = split_digits(images.digits)
    learned, held_out = split_digits(uploads.digits)
    learned, calibration = learned + uploads.non_digits, calibration + held_out
    if not len(learned):
        raise RuleBroken(NO_UPLOADS)
    replayed = _add_synthetic(training[rng.permutation(len(training))[:REPLAYED]], rng)
    return TrainingSplit(
        train=replayed + _repeat(learned, len(replayed)),
        calibration=calibration + _generate_outliers(calibration, OUTLIER_SHARE, rng),
    )


def split_digits(digits: Images) -> tuple[Images, Images]:
    """Return the digits to train on and those to calibrate on."""
    hashes = [hashlib.sha256(image.tobytes()).digest()[:8] for image in digits.pixels]
    chosen = [int.from_bytes(each) % CALIBRATION_DIVISOR == 0 for each in hashes]
    is_calibration = np.array(chosen, bool)
    return digits[~is_calibration], digits[is_calibration]


def _add_synthetic(digits: Images, rng: np.random.Generator) -> Images:
    styled = styles.generate_digits(int(STYLED_SHARE * len(digits)), rng)
    return digits + styled + _generate_outliers(digits, OUTLIER_SHARE, rng)


def _repeat(uploads: Images, others: int) -> Images:
    """Repeat the uploads until they are UPLOAD_SHARE of all, `others` included."""
    target = UPLOAD_SHARE / (1 - UPLOAD_SHARE) * others
    times = min(max(round(target / len(uploads)), 1), MAX_REPEATS)
    return uploads[np.tile(np.arange(len(uploads)), times)]


def _generate_outliers(digits: Images, share: float, rng: np.random.Generator) -> Images:
    count = int(share * len(digits))
    return Images.from_non_digits(outliers.generate_outliers(count, DigitPool(digits), rng))
