"""The bundled line reader reads composed lines, whose digits and boxes are known."""

from dataclasses import dataclass

import numpy as np
import pytest
from django.conf import settings
from numpy.typing import NDArray

from classifier.recognition.lines.preparation import MAX_INK, MIN_INK
from classifier.recognition.lines.reader import LineReader, LineReading, combine_readings
from classifier.tests.pictures import Digits
from training.data.images import Images
from training.data.strings import Composer, Line

pytestmark = pytest.mark.slow

LINES = 120
FLOOR = 0.8  # of lines that are as hard as those that the network learned from


@dataclass(frozen=True)
class ReadLine:
    line: Line
    reading: LineReading


@pytest.fixture(scope="module")
def reader() -> LineReader:
    return LineReader((settings.BUNDLED_MODELS_DIR / "baseline" / "lines.tflite").read_bytes())


@pytest.fixture(scope="module")
def readings(reader: LineReader, digits: Digits) -> list[ReadLine]:
    rng = np.random.default_rng(7)
    composer = Composer(Images(*digits), rng, backgrounds=8)
    lines = [composer.compose(rng) for _ in range(LINES)]
    return [ReadLine(line, read_line(reader, draw_grey(line))) for line in lines]


def read_line(reader: LineReader, grey: NDArray[np.generic]) -> LineReading:
    return combine_readings(reader.read_views(grey))[1]


def draw_grey(line: Line) -> NDArray[np.float32]:
    """Return the line's ink as grey pixels, dark on light."""
    return 200 - 150 * (line.ink - MIN_INK) / (MAX_INK - MIN_INK)


def test_bundled_reader_reads_most_composed_lines(readings: list[ReadLine]) -> None:
    right = sum(each.reading.text == each.line.text for each in readings)
    assert right / len(readings) > FLOOR


def test_boxes_of_right_lines_are_close(readings: list[ReadLine]) -> None:
    errors = [
        np.abs(each.reading.boxes - each.line.boxes).max(axis=1)
        for each in readings
        if each.reading.text == each.line.text
    ]
    assert np.quantile(np.concatenate(errors), 0.9) < 4


def test_blank_paper_has_no_digit(reader: LineReader) -> None:
    paper = np.random.default_rng(1).normal(220, 2, (48, 200))
    reading = read_line(reader, paper)
    assert reading.text == ""
    assert reading.boxes.shape == (0, 4)


def test_content_that_is_no_graph_is_rejected() -> None:
    with pytest.raises(ValueError, match="not a LiteRT graph"):
        LineReader(b"no graph")
