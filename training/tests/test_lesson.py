"""What a run learns from: real digits, other hands' digits, and what is no digit."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition.imaging.normalize import BOX, stroke_width
from classifier.recognition.recognizer import NOT_A_DIGIT, Recognizer
from training.data import outliers, split, styles
from training.data.images import Images, none
from training.data.split import Lesson

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture(scope="module")
def given(digits: Digits) -> Images:
    return Images(digits[0][::2], digits[1][::2])


@pytest.fixture(scope="module")
def prepared(given: Images) -> Lesson:
    return split.prepare(given, seed=1)


def as_set(images: Images) -> set[bytes]:
    return {image.tobytes() for image in images.pixels}


def test_what_calibrates_is_never_learnt_whatever_else_comes_in(
    given: Images, prepared: Lesson
) -> None:
    held_out = as_set(prepared.calibration.digits)
    assert len(given) / 20 < len(held_out) < len(given) / 8
    assert not held_out & as_set(prepared.train)
    assert as_set(given) <= as_set(prepared.train) | held_out
    later = split.prepare(given[500:], seed=2)
    assert as_set(later.calibration.digits) <= held_out


def test_both_parts_hold_outliers_and_those_that_staff_named_are_learnt(given: Images) -> None:
    rejected = Images(given.pixels[:7] // 2, np.full(7, NOT_A_DIGIT, np.uint8))
    prepared = split.prepare(given + rejected, seed=1)
    made, learnt = len(prepared.train.others) - len(rejected), len(prepared.train.digits)
    assert made / learnt == pytest.approx(split.OUTLIERS / (1 + split.STYLED), abs=0.002)
    assert len(prepared.calibration.others) == len(prepared.calibration.digits)
    assert as_set(rejected) <= as_set(prepared.train.others)


def test_the_same_seed_prepares_the_same_lesson(given: Images, prepared: Lesson) -> None:
    again, other = split.prepare(given, seed=1), split.prepare(given, seed=2)
    assert np.array_equal(again.train.pixels, prepared.train.pixels)
    assert not np.array_equal(other.train.pixels, prepared.train.pixels)


@pytest.mark.parametrize(("corrections", "times"), [(120, 4), (10, 20)])
def test_corrections_are_repeated_to_their_share_but_not_without_end(
    corrections: int, times: int, given: Images
) -> None:
    corrected = none(given.pixels[:corrections] // 2)
    prepared = split.for_fine_tuning(given[::4], corrected, seed=1)
    learnt = [each.tobytes() for each in prepared.train.pixels]
    assert [learnt.count(each.tobytes()) for each in corrected.pixels] == [times] * corrections
    share = times * corrections / len(learnt)
    assert share == pytest.approx(split.CORRECTED, abs=0.03) or times == split.MOST_REPEATS


def test_fine_tuning_replays_some_digits_and_never_what_calibrates(
    given: Images, prepared: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split, "REPLAYED", 300)
    corrected = Images(given.pixels[:400] // 2, given.labels[:400])
    tuning = split.for_fine_tuning(given, corrected, seed=1)
    held = as_set(tuning.calibration.digits)
    assert as_set(prepared.calibration.digits) < held
    assert held - as_set(prepared.calibration.digits) < as_set(corrected)
    assert not held & as_set(tuning.train)
    assert len(as_set(tuning.train) & as_set(given)) == 300
    assert len(tuning.train.others) == split.OUTLIERS * 300


def test_without_corrections_there_is_nothing_to_learn(given: Images) -> None:
    with pytest.raises(split.NothingToLearn, match="label some first"):
        split.for_fine_tuning(given, given[:0], seed=1)


def test_self_made_images_have_mnist_s_format(given: Images) -> None:
    rng = np.random.default_rng(3)
    made = outliers.make(200, outliers.Digits(given), rng)
    digits = styles.digits(200, rng).pixels
    for image in (*made, *digits):
        rows, columns = np.nonzero(image)
        assert image.max() > 100
        assert max(np.ptp(rows), np.ptp(columns)) < BOX
    widths = [stroke_width(image / 255) for image in digits]
    assert 1.5 < np.mean(widths) < 4


def test_digits_of_other_schools_are_of_every_class_and_readable(baseline: Recognizer) -> None:
    images = styles.digits(500, np.random.default_rng(4))
    guesses = [int(found.best_guess) for found in baseline.recognize(images.pixels)]
    assert set(images.labels) == set(range(10))
    assert np.mean(guesses == images.labels) >= 0.97
