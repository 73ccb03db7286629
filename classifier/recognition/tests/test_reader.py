"""Pictures are read line by line, with doubt where something speaks against the answer."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.recognition import model_folder
from classifier.recognition.imaging import from_array
from classifier.recognition.imaging.tests.made import ink_at
from classifier.recognition.labels import Reason, Verdict
from classifier.recognition.line_reader import LineReading
from classifier.recognition.reader import Reading, read_picture
from classifier.recognition.recognizer import Recognizer

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Write = Callable[..., NDArray[np.float64]]
SIZE, STEP = 60, 66
BASELINE = Path(__file__).parents[3] / "models/baseline"


@pytest.fixture
def write(digits: Digits) -> Write:
    """Writes lines of digits on a page, as ink from 0 to 1."""

    def page(*lines: str) -> NDArray[np.float64]:
        ink = np.zeros((40 + 100 * len(lines), 60 + STEP * max(map(len, lines))))
        for row, line in enumerate(lines):
            for place, digit in enumerate(line):
                pixels = digits[0][digits[1] == int(digit)][20 + place]
                top, left = 40 + 100 * row, 30 + STEP * place
                ink[top : top + SIZE, left : left + SIZE] = ink_at(pixels, SIZE)
        return ink

    return page


def read(ink: NDArray[np.float64], recognizer: Recognizer) -> Reading:
    paper = (230 * (1 - 0.8 * ink)).astype(np.uint8)
    return read_picture(from_array(paper), recognizer)


def text_of(reading: Reading) -> list[str]:
    return [
        "".join(digit.recognition.best_guess for digit in line.digits) for line in reading.lines
    ]


def reasons_of(reading: Reading) -> set[Reason | None]:
    return {digit.recognition.reason for digit in reading.digits}


def test_digit_alone_is_certain(write: Write, baseline: Recognizer) -> None:
    reading = read(write("7"), baseline)

    assert text_of(reading) == ["7"]
    assert reasons_of(reading) == {None}
    assert reading.confidence == pytest.approx(1, abs=0.01)


def test_lines_of_a_page_are_read_from_the_top(write: Write, baseline: Recognizer) -> None:
    reading = read(write("1572", "43890"), baseline)

    assert text_of(reading) == ["1572", "43890"]
    assert {digit.recognition.verdict for digit in reading.digits} == {Verdict.DIGIT}


def test_boxes_of_a_line_hold_its_digits(write: Write, baseline: Recognizer) -> None:
    ink = write("2604")
    reading = read(ink, baseline)

    for place, digit in enumerate(reading.digits):
        x, y, width, height = digit.box
        middle = 30 + STEP * place + SIZE / 2
        assert x < middle < x + width
        assert ink[y : y + height, x : x + width].sum() > 0.9 * ink[:, x : x + width].sum()


def test_points_between_digits_are_no_digits(write: Write, baseline: Recognizer) -> None:
    ink = write("12500")
    ink[94:100, 30 + 2 * STEP - 8 : 30 + 2 * STEP - 2] = 1

    assert text_of(read(ink, baseline)) == ["12500"]


class StubbornReader:
    """A line reader that reads 1573 in everything."""

    def read_views(self, grey: NDArray[np.float32]) -> list[LineReading]:
        height, width = grey.shape
        boxes = np.tile(np.array([0, 0, width, height], np.float32), (4, 1))
        probabilities = 0.05 + 0.5 * np.eye(10)[[1, 5, 7, 3]]
        return [LineReading("1573", boxes, probabilities, [("1573", -0.1)])]


def test_second_opinion_changes_no_digit_that_was_read(
    write: Write, baseline: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline, "line_reader", StubbornReader())

    assert text_of(read(write("1572"), baseline)) == ["1573"]


def test_digit_that_is_cut_off_is_unsure(write: Write, baseline: Recognizer) -> None:
    ink = write("8")
    rows = np.flatnonzero(ink.any(axis=1))

    reading = read(ink[: (rows[0] + 9 * rows[-1]) // 10], baseline)

    assert reasons_of(reading) == {Reason.CUT_OFF}


def test_model_without_a_line_reader_reads_digit_by_digit(write: Write, tmp_path: Path) -> None:
    folder = shutil.copytree(BASELINE, tmp_path / "old")
    (folder / model_folder.LINES).unlink()
    model_folder.write_manifest(folder, model_folder.read_manifest(folder)[0])
    recognizer = Recognizer(folder)

    assert recognizer.line_reader is None
    assert text_of(read(write("1572"), recognizer)) == ["1572"]


def test_blank_page_has_no_confidence(baseline: Recognizer) -> None:
    reading = read(np.zeros((100, 300)), baseline)

    assert (reading.lines, reading.confidence) == ([], None)
