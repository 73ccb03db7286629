"""Pictures are read line by line, and doubtful digits are unsure."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import model_folder
from classifier.recognition.imaging import Picture
from classifier.recognition.imaging.tests.digit_pictures import draw_ink
from classifier.recognition.labels import Reason, Verdict
from classifier.recognition.lines.reader import LineReading
from classifier.recognition.reader import read_picture
from classifier.recognition.reading import Reading
from classifier.recognition.recognizer import Recognizer
from classifier.tests.pictures import Digits

DrawLines = Callable[..., NDArray[np.float64]]
SIZE, STEP = 60, 66
BASELINE = Path(__file__).parents[3] / "models/baseline"


@pytest.fixture
def draw_lines(digits: Digits) -> DrawLines:
    """Return a function that draws lines of digits as ink, 0 to 1."""

    def draw(*lines: str) -> NDArray[np.float64]:
        ink = np.zeros((40 + 100 * len(lines), 60 + STEP * max(map(len, lines))))
        for row, line in enumerate(lines):
            for place, digit in enumerate(line):
                pixels = digits[0][digits[1] == int(digit)][20 + place]
                top, left = 40 + 100 * row, 30 + STEP * place
                ink[top : top + SIZE, left : left + SIZE] = draw_ink(pixels, SIZE)
        return ink

    return draw


def read_ink(ink: NDArray[np.float64], recognizer: Recognizer) -> Reading:
    paper = (230 * (1 - 0.8 * ink)).astype(np.uint8)
    return read_picture(Picture.from_array(paper), recognizer)


def get_texts(reading: Reading) -> list[str]:
    return [
        "".join(digit.recognition.best_guess for digit in line.digits) for line in reading.lines
    ]


def get_reasons(reading: Reading) -> set[Reason | None]:
    return {digit.recognition.reason for digit in reading.digits}


def test_digit_alone_is_certain(draw_lines: DrawLines, baseline: Recognizer) -> None:
    reading = read_ink(draw_lines("7"), baseline)

    assert get_texts(reading) == ["7"]
    assert get_reasons(reading) == {None}
    assert reading.confidence == pytest.approx(1, abs=0.01)


def test_stroke_beside_a_digit_is_part_of_it(digits: Digits, baseline: Recognizer) -> None:
    """The hook of this 7 has no contact with the rest."""
    seven = digits[0][digits[1] == 7][113]

    reading = read_picture(Picture.from_array(255 - seven), baseline)

    assert get_texts(reading) == ["7"]


def test_lines_are_read_from_top_to_bottom(draw_lines: DrawLines, baseline: Recognizer) -> None:
    reading = read_ink(draw_lines("1572", "43890"), baseline)

    assert get_texts(reading) == ["1572", "43890"]
    assert {digit.recognition.verdict for digit in reading.digits} == {Verdict.DIGIT}


def test_boxes_of_a_line_contain_its_digits(draw_lines: DrawLines, baseline: Recognizer) -> None:
    ink = draw_lines("2604")
    reading = read_ink(ink, baseline)

    for place, digit in enumerate(reading.digits):
        x, y, width, height = digit.box
        middle = 30 + STEP * place + SIZE / 2
        assert x < middle < x + width
        assert ink[y : y + height, x : x + width].sum() > 0.9 * ink[:, x : x + width].sum()


def test_points_between_digits_are_ignored(draw_lines: DrawLines, baseline: Recognizer) -> None:
    ink = draw_lines("12500")
    ink[94:100, 30 + 2 * STEP - 8 : 30 + 2 * STEP - 2] = 1

    assert get_texts(read_ink(ink, baseline)) == ["12500"]


def test_sign_between_digits_is_left_out(draw_lines: DrawLines, baseline: Recognizer) -> None:
    ink = draw_lines("1272")
    left, right = 30 + STEP, 30 + 2 * STEP
    ink[40:100, left:right] = 0
    ink[66:72, left + 10 : right - 10] = 1

    reading = read_ink(ink, baseline)

    assert get_texts(reading) == ["172"]
    [(x, y, width, height)] = reading.left_out
    assert left < x < x + width < right
    assert 60 < y < y + height < 80


class StubbornReader:
    """A line reader that always reads 1573."""

    def read_views(self, grey: NDArray[np.float32]) -> list[LineReading]:
        height, width = grey.shape
        boxes = np.tile(np.array([0, 0, width, height], np.float32), (4, 1))
        probabilities = 0.05 + 0.5 * np.eye(10)[[1, 5, 7, 3]]
        return [LineReading("1573", boxes, probabilities, [("1573", -0.1)])]


def test_separated_digits_outweigh_a_doubtful_line_reader(
    draw_lines: DrawLines, baseline: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "line_reader", StubbornReader())

    reading = read_ink(draw_lines("1572"), baseline)

    assert get_texts(reading) == ["1572"]
    assert reading.verdict != Verdict.DIGIT


def test_line_reader_decides_if_digits_are_not_separated(
    draw_lines: DrawLines, baseline: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "line_reader", StubbornReader())

    assert get_texts(read_ink(draw_lines("15725"), baseline)) == ["1573"]


@pytest.mark.parametrize("digit", ["8", "7"])
def test_cut_off_digit_is_unsure(digit: str, draw_lines: DrawLines, baseline: Recognizer) -> None:
    """The stem of a 7 touches the border with a small part of the digit's width."""
    ink = draw_lines(digit)
    rows = np.flatnonzero(ink.any(axis=1))

    reading = read_ink(ink[: (rows[0] + 9 * rows[-1]) // 10], baseline)

    assert get_reasons(reading) == {Reason.CUT_OFF}


def test_model_without_line_reader_reads_digit_by_digit(
    draw_lines: DrawLines, tmp_path: Path
) -> None:
    folder = shutil.copytree(BASELINE, tmp_path / "old")
    (folder / model_folder.LINES).unlink()
    model_folder.write_manifest(folder, model_folder.read_manifest(folder)[0])
    recognizer = Recognizer(folder)

    assert recognizer.line_reader is None
    assert get_texts(read_ink(draw_lines("1572"), recognizer)) == ["1572"]


def test_blank_page_has_no_confidence(baseline: Recognizer) -> None:
    reading = read_ink(np.zeros((100, 300)), baseline)

    assert (reading.lines, reading.confidence) == ([], None)
