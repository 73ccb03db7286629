"""Two readings of a picture are compared."""

from collections.abc import Callable

import numpy as np
import pytest

from classifier.recognition import imaging, second_look
from classifier.recognition.imaging import Picture
from classifier.recognition.imaging.tests.digit_pictures import draw_ink
from classifier.recognition.labels import Reason, Verdict
from classifier.recognition.reader import read_page, read_picture
from classifier.recognition.reading import NOTHING, ReadDigit, Reading, ReadLine, mark_unsure
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.tests.pictures import Digits

BOX = 0, 0, 10, 10


def make_reading(text: str, verdict: Verdict = Verdict.DIGIT, confidence: float = 0.9) -> Reading:
    digits = [_make_digit(int(digit), verdict, confidence) for digit in text]
    return Reading([ReadLine(BOX, digits, confidence)], [])


def _make_digit(digit: int, verdict: Verdict, confidence: float) -> ReadDigit:
    probabilities = np.full(10, (1 - confidence) / 9)
    probabilities[digit] = confidence
    reason = None if verdict == Verdict.DIGIT else Reason.LOW_CONFIDENCE
    recognition = Recognition(probabilities, {"rejection": 0.0}, verdict, reason, np.zeros(1))
    return ReadDigit(np.zeros((28, 28), np.uint8), BOX, recognition)


@pytest.mark.parametrize("certain", [0, 1])
def test_text_is_certain_if_either_look_is(certain: int) -> None:
    looks = [make_reading("17", Verdict.UNSURE), make_reading("17", Verdict.UNSURE)]
    looks[certain] = make_reading("17")

    assert second_look.choose_reading(*looks) is looks[certain]


def test_same_text_cut_off_by_the_border_stays_unsure() -> None:
    first = mark_unsure(make_reading("7"), Reason.CUT_OFF)

    assert second_look.choose_reading(first, make_reading("7")) is first


def test_two_certain_texts_that_differ_are_unsure() -> None:
    chosen = second_look.choose_reading(make_reading("17"), make_reading("7"))

    assert chosen.verdict == Verdict.UNSURE
    assert {digit.recognition.reason for digit in chosen.digits} == {Reason.LOW_CONFIDENCE}


def test_second_look_counts_if_only_it_is_certain() -> None:
    second = make_reading("7")

    assert second_look.choose_reading(make_reading("17", Verdict.UNSURE), second) is second


def test_more_certain_of_two_unsure_looks_counts() -> None:
    first = make_reading("17", Verdict.UNSURE, 0.5)
    second = make_reading("7", Verdict.UNSURE, 0.6)

    assert second_look.choose_reading(first, second) is second
    assert second_look.choose_reading(second, first) is second


def test_first_look_counts_if_second_sees_nothing() -> None:
    first = make_reading("7")

    assert second_look.choose_reading(first, NOTHING) is first


def test_certain_digit_on_even_paper_needs_no_second_look(
    baseline: Recognizer, draw_digit: Callable[..., bytes]
) -> None:
    page = imaging.find_page(imaging.decode(draw_digit(7)))

    assert not second_look.is_needed(page, read_page(page, baseline))


@pytest.mark.parametrize(("first", "is_kept"), [("7", True), ("12", True), ("123", False)])
def test_uncertain_second_look_contradicts_other_numbers_of_digits(
    first: str, is_kept: bool
) -> None:
    second = make_reading("17", Verdict.UNSURE)

    chosen = second_look.choose_reading(make_reading(first), second)

    assert chosen.best_guess == first
    assert (chosen.verdict == Verdict.DIGIT) == is_kept


def test_second_look_reads_digit_at_the_edge_of_a_shadow(
    baseline: Recognizer, digits: Digits
) -> None:
    ink = draw_ink(digits[0][digits[1] == 6][0], 160)
    paper = 220 * (1 - 0.7 * np.pad(ink, 70))
    rows, columns = np.mgrid[: len(paper), : len(paper)]
    edge = 120 + 16 * np.sin(rows / 12)
    picture = Picture.from_array((paper * np.where(columns < edge, 0.4, 1)).astype(np.uint8))
    page = imaging.find_page(picture)

    assert second_look.is_needed(page, read_page(page, baseline))
    assert read_picture(picture, baseline).best_guess == "6"
