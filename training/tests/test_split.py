"""Training and calibration data: real digits, synthetic digits and non-digits."""

import numpy as np
import pytest

from classifier.errors import RuleBroken
from classifier.recognition.imaging.normalize import BOX, measure_stroke_width
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from classifier.tests.pictures import Digits
from training.data import outliers, split, styles
from training.data.images import Images
from training.data.split import TrainingSplit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images(digits: Digits) -> Images:
    return Images(digits[0][::8], digits[1][::8])


@pytest.fixture(scope="module")
def prepared(images: Images) -> TrainingSplit:
    return split.prepare_training(images, seed=1)


def collect_pixels(images: Images) -> set[bytes]:
    return {image.tobytes() for image in images.pixels}


def test_calibration_digits_are_never_trained_on(images: Images, prepared: TrainingSplit) -> None:
    held_out = collect_pixels(prepared.calibration.digits)
    assert len(images) / 20 < len(held_out) < len(images) / 8
    assert not held_out & collect_pixels(prepared.train)
    assert collect_pixels(images) <= collect_pixels(prepared.train) | held_out
    later = split.prepare_training(images[100:], seed=2)
    assert collect_pixels(later.calibration.digits) <= held_out


def test_both_parts_hold_outliers_and_labelled_ones_are_trained_on(images: Images) -> None:
    rejected = Images(images.pixels[:7] // 2, np.full(7, NOT_A_DIGIT, np.uint8))
    prepared = split.prepare_training(images + rejected, seed=1)
    outliers, digits = len(prepared.train.non_digits) - len(rejected), len(prepared.train.digits)
    assert outliers / digits == pytest.approx(
        split.OUTLIER_SHARE / (1 + split.STYLED_SHARE), abs=0.002
    )
    assert len(prepared.calibration.non_digits) == len(prepared.calibration.digits)
    assert collect_pixels(rejected) <= collect_pixels(prepared.train.non_digits)


def test_same_seed_prepares_the_same_split(images: Images, prepared: TrainingSplit) -> None:
    again, other = split.prepare_training(images, seed=1), split.prepare_training(images, seed=2)
    assert np.array_equal(again.train.pixels, prepared.train.pixels)
    assert not np.array_equal(other.train.pixels, prepared.train.pixels)


@pytest.mark.parametrize(("uploads", "times"), [(120, 4), (10, 20)])
def test_uploads_are_repeated_to_their_share_or_the_limit(
    uploads: int, times: int, images: Images
) -> None:
    corrected = Images.from_non_digits(images.pixels[:uploads] // 2)
    prepared = split.prepare_fine_tuning(images, corrected, seed=1)
    trained_on = [each.tobytes() for each in prepared.train.pixels]
    assert [trained_on.count(each.tobytes()) for each in corrected.pixels] == [times] * uploads
    share = times * uploads / len(trained_on)
    assert share == pytest.approx(split.UPLOAD_SHARE, abs=0.03) or times == split.MAX_REPEATS


def test_fine_tuning_replays_no_calibration_digits(
    images: Images, prepared: TrainingSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split, "REPLAYED", 300)
    corrected = Images(images.pixels[:400] // 2, images.labels[:400])
    tuning = split.prepare_fine_tuning(images, corrected, seed=1)
    held_out = collect_pixels(tuning.calibration.digits)
    assert collect_pixels(prepared.calibration.digits) < held_out
    assert held_out - collect_pixels(prepared.calibration.digits) < collect_pixels(corrected)
    assert not held_out & collect_pixels(tuning.train)
    assert len(collect_pixels(tuning.train) & collect_pixels(images)) == 300
    assert len(tuning.train.non_digits) == split.OUTLIER_SHARE * 300


def test_fine_tuning_without_uploads_is_refused(images: Images) -> None:
    with pytest.raises(RuleBroken, match="label some first"):
        split.prepare_fine_tuning(images, images[:0], seed=1)


def test_synthetic_images_have_mnist_s_format(images: Images) -> None:
    rng = np.random.default_rng(3)
    non_digits = outliers.generate_outliers(200, outliers.DigitPool(images), rng)
    digits = styles.generate_digits(200, rng).pixels
    for image in (*non_digits, *digits):
        rows, columns = np.nonzero(image)
        assert image.max() > 100
        assert max(np.ptp(rows), np.ptp(columns)) < BOX
    widths = [measure_stroke_width(image / 255) for image in digits]
    assert 1.5 < np.mean(widths) < 4


def test_styled_digits_are_readable_and_of_every_class(baseline: Recognizer) -> None:
    styled = styles.generate_digits(500, np.random.default_rng(4))
    guesses = [int(each.best_guess) for each in baseline.recognize(styled.pixels)]
    assert set(styled.labels) == set(range(10))
    assert np.mean(guesses == styled.labels) >= 0.97
