"""Read a line of handwriting: its digits, their boxes, and the probability of the whole text."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.lines import ctc
from classifier.recognition.lines.ctc import BLANK
from classifier.recognition.lines.preparation import HEIGHT, prepare_line
from classifier.recognition.litert import LiteRtGraph
from classifier.recognition.uncertainty import Floats

STRIDE = 2  # pixels per step
WIDTHS = 64  # pixels; the graph is allocated for each multiple of this that occurs
CLOSER_MARGIN = 0.12  # of the digits' height, around them in the closer view
MIN_PROBABILITY = 1e-300  # the smallest probability whose logarithm is taken
MIN_SHARE = 1e-4  # of a digit, because no reader is more certain
MARGIN = 8  # blank pixels on each side, like in training


@dataclass(frozen=True)
class LineReading:
    """The reading of one line.

    `text` is the most likely string, which is empty if there is no digit. `boxes` (n, 4) are left,
    top, right and bottom of each digit in the line's pixels; `probabilities` are (n, 10).
    `alternatives` are the most likely strings with their log probabilities, best first.
    """

    text: str
    boxes: NDArray[np.float32]
    probabilities: Floats
    alternatives: list[tuple[str, float]]

    @property
    def log_probability(self) -> float:
        """The network's log probability of the text, which is not calibrated."""
        return self.alternatives[0][1]

    @property
    def margin(self) -> float:
        """The log ratio of the text's probability to the likeliest other's.

        It is infinite if there is no other, and negative if the other is more likely.
        """
        if len(self.alternatives) < 2:
            return math.inf
        return self.alternatives[0][1] - max(log for _, log in self.alternatives[1:])

    def weigh(self, probabilities: Floats) -> "LineReading":
        """Return the reading with the digits that are most likely by another reader too.

        `probabilities` (n, 10) are the other reader's, of each digit of the text.
        """
        both = np.maximum(self.probabilities, MIN_SHARE) * np.maximum(probabilities, MIN_SHARE)
        text = "".join(map(str, both.argmax(axis=1)))
        logs = dict(self.alternatives)
        first = (text, logs.pop(text, math.log(MIN_PROBABILITY)))
        return replace(self, text=text, alternatives=[first, *logs.items()])


class LineReader:
    """The line network as a LiteRT graph. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raise ValueError if the content is not such a graph."""
        self._graph = LiteRtGraph(content, (1, HEIGHT, WIDTHS, 1), keeps_shapes=True)

    def read_views(self, grey: NDArray[np.generic]) -> list[LineReading]:
        """Read a line as it is and, if it has digits, also cropped to their rows.

        `grey` are pixels (h, w), dark ink on light paper, of any size and range.
        """
        whole = self._read_once(grey)
        if not whole.text:
            return [whole]
        top, bottom = _find_rows(whole.boxes)
        # Rows outside repeat the edges.
        rows = np.clip(np.arange(top, max(bottom, top + 1)), 0, len(grey) - 1)
        closer = self._read_once(grey[rows])
        closer.boxes[:, [1, 3]] += top
        return [whole, closer]

    def _read_once(self, grey: NDArray[np.generic]) -> LineReading:
        ink = prepare_line(grey)
        outputs = self._run(ink)
        steps = ctc.log_softmax(outputs[:, : BLANK + 1])
        alternatives = ctc.search(steps)
        text = alternatives[0][0]
        places = ctc.align(steps, text)
        scale = np.array([grey.shape[1] / ink.shape[1], grey.shape[0] / HEIGHT] * 2)
        boxes = _find_boxes(places, outputs[:, BLANK + 1 :]) * scale
        digits = np.exp(steps[places, :BLANK])
        return LineReading(
            text, boxes.astype(np.float32), digits / digits.sum(axis=1, keepdims=True), alternatives
        )

    def _run(self, ink: Grey) -> NDArray[np.float32]:
        """Return the outputs (T, BLANK + 1 + 4) of the steps, which start MARGIN before the ink."""
        width = -(-(ink.shape[1] + 2 * MARGIN) // WIDTHS) * WIDTHS
        padded = np.zeros((1, HEIGHT, width, 1), np.float32)
        padded[0, :, MARGIN : MARGIN + ink.shape[1], 0] = ink
        steps: NDArray[np.float32] = self._graph.run(padded)[0, 0]
        return steps


def _find_boxes(places: list[int], sides: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return left, top, right and bottom (n, 4) in pixels of the ink, from sides at the steps."""
    middles = (np.array(places, float) + 0.5) * STRIDE - MARGIN
    boxes = sides[places].astype(np.float64) * HEIGHT
    boxes[:, [0, 2]] += middles[:, np.newaxis]
    return boxes


def _find_rows(boxes: NDArray[np.float32]) -> tuple[int, int]:
    """Return top and bottom of all boxes with a margin; they may lie outside the line."""
    top, bottom = float(boxes[:, 1].min()), float(boxes[:, 3].max())
    margin = CLOSER_MARGIN * max(bottom - top, 1.0)
    return math.floor(top - margin), math.ceil(bottom + margin)


def combine_readings(readings: list[LineReading]) -> tuple[int, LineReading]:
    """Return the index and the reading whose text is the most likely by the mean of all readings.

    Its alternatives are replaced by all texts and their means.
    """
    means: dict[str, float] = {}
    for reading in readings:
        for text, log_probability in reading.alternatives:
            share = math.exp(log_probability) / len(readings)
            means[text] = means.get(text, 0.0) + share
    best = max(
        range(len(readings)),
        key=lambda place: (means[readings[place].text], readings[place].log_probability),
    )
    text = readings[best].text
    ranked = sorted(means, key=lambda other: (other != text, -means[other]))
    logs = [(other, math.log(max(means[other], MIN_PROBABILITY))) for other in ranked]
    return best, replace(readings[best], alternatives=logs)
