"""A line of handwriting → its digits, where they are, and how likely the whole line is right."""

import math
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from classifier.recognition import ctc
from classifier.recognition.ctc import BLANK, Floats
from classifier.recognition.line_image import HEIGHT, NARROWEST, Grey, prepare_line
from classifier.recognition.native_stderr import LITERT_ANNOUNCEMENT, filter_stderr

STRIDE = 2  # pixels a step
WIDTHS = 64  # a graph is laid out for each multiple of this that is met
CLOSER_MARGIN = 0.12  # of the digits' height, around them in the second reading
LEAST = 1e-300  # probability that still has a logarithm
MARGIN = 8  # blank pixels on each side, as the network met them


@dataclass(frozen=True)
class LineReading:
    """One line as read.

    `text` is the likeliest string, empty where there is no digit; `boxes` (n, 4) are left, top,
    right and bottom of each digit in the crop's pixels; `probabilities` (n, 10) are of each digit;
    `alternatives` are the strings that the search left, with their log probabilities, best first.
    """

    text: str
    boxes: NDArray[np.float32]
    probabilities: Floats
    alternatives: list[tuple[str, float]]

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Left and right of each digit, in the crop's pixels."""
        return [(float(left), float(right)) for left, _, right, _ in self.boxes]

    @property
    def log_probability(self) -> float:
        """The log probability of the text by the network, not calibrated; 0 is certain."""
        return self.alternatives[0][1]

    @property
    def margin(self) -> float:
        """How much likelier in log the text is than the next; infinite where there is none."""
        if len(self.alternatives) < 2:
            return math.inf
        return self.alternatives[0][1] - self.alternatives[1][1]


class LineReader:
    """The line network as a LiteRT graph. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raises ValueError where the content is not such a graph."""
        self._content = content
        self._interpreters: dict[int, Interpreter] = {}
        self._lock = Lock()
        try:
            # The filter is a process, which no later line has to wait for.
            with filter_stderr(LITERT_ANNOUNCEMENT):
                self._run(np.zeros((HEIGHT, NARROWEST), np.float32))
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"The line reader is not a LiteRT graph: {error}") from error

    def read_line(self, grey: NDArray[np.generic]) -> LineReading:
        """(h, w) grey pixels of one line of text, dark ink on light paper, any size and range."""
        return combine(self.read_views(grey))[1]

    def read_views(self, grey: NDArray[np.generic]) -> list[LineReading]:
        """Return readings of a line as it is and, where it has digits, cropped to their rows."""
        whole = self._read_once(grey)
        if not whole.text:
            return [whole]
        top, bottom = _find_rows(whole.boxes)
        closer = self._read_once(_crop_rows(grey, top, bottom))
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
        """(HEIGHT, w) ink → (T, BLANK + 1 + 4) outputs of the steps, from MARGIN before the ink."""
        width = -(-(ink.shape[1] + 2 * MARGIN) // WIDTHS) * WIDTHS
        padded = np.zeros((1, HEIGHT, width, 1), np.float32)
        padded[0, :, MARGIN : MARGIN + ink.shape[1], 0] = ink
        with self._lock:
            graph = self._interpreters.get(width) or self._lay_out(width)
            graph.set_tensor(graph.get_input_details()[0]["index"], padded)
            graph.invoke()
            outputs: NDArray[np.float32] = graph.get_tensor(graph.get_output_details()[0]["index"])
            steps: NDArray[np.float32] = outputs[0, 0].copy()
            return steps

    def _lay_out(self, width: int) -> Interpreter:
        """The graph for lines of one width, which takes longer than reading one."""
        graph = Interpreter(model_content=self._content, num_threads=1)
        graph.resize_tensor_input(graph.get_input_details()[0]["index"], (1, HEIGHT, width, 1))
        graph.allocate_tensors()
        self._interpreters[width] = graph
        return graph


def _find_boxes(places: list[int], sides: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 4) left, top, right and bottom in pixels of the ink map, from the sides at the steps."""
    middles = (np.array(places, float) + 0.5) * STRIDE - MARGIN
    boxes = sides[places].astype(np.float64) * HEIGHT
    boxes[:, [0, 2]] += middles[:, np.newaxis]
    return boxes


def _find_rows(boxes: NDArray[np.float32]) -> tuple[int, int]:
    """Top and bottom of all boxes and a margin, in whole pixels; they may lie outside the crop."""
    top, bottom = float(boxes[:, 1].min()), float(boxes[:, 3].max())
    margin = CLOSER_MARGIN * max(bottom - top, 1.0)
    return math.floor(top - margin), math.ceil(bottom + margin)


def _crop_rows(grey: NDArray[np.generic], top: int, bottom: int) -> NDArray[np.generic]:
    """The rows from top to bottom, those at the edges repeated outside."""
    rows = np.clip(np.arange(top, max(bottom, top + 1)), 0, len(grey) - 1)
    return grey[rows]


def combine(readings: list[LineReading]) -> tuple[int, LineReading]:
    """Return the place and the reading whose text is the likeliest by the mean of all, with the
    means of all texts."""
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
    logs = [(other, math.log(max(means[other], LEAST))) for other in ranked]
    return best, replace(readings[best], alternatives=logs)
