"""Find handwriting with a network, in shadows, on desks and on printed paper."""

from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.text_lines import measure_usual_height
from classifier.recognition.native_stderr import LITERT_ANNOUNCEMENT, filter_stderr
from classifier.recognition.uncertainty import sigmoid

MULTIPLE = 16  # of which the network's picture has a width and a height
DOUBTFUL, CERTAIN = 0.25, 0.75  # probabilities of no ink and of full ink
LONG_SIDE = 256  # pixels of the network's picture; twice as many show small digits
LEAST_HEIGHT = 45  # pixels of a digit in that picture, with strokes of two pixels


class InkFinder:
    """The ink network as a LiteRT graph. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raise ValueError if the content is not such a graph."""
        self._lock = Lock()
        try:
            with filter_stderr(LITERT_ANNOUNCEMENT):
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._input = self._interpreter.get_input_details()[0]["index"]
                self._output = self._interpreter.get_output_details()[0]["index"]
                self._shape: tuple[int, ...] = ()
                self._run(np.zeros((MULTIPLE, MULTIPLE), np.float32))
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"The ink finder is not a LiteRT graph: {error}") from error

    def find(self, grey: Grey) -> Grey:
        """Return the ink (h, w), 0 to 1, of grey pixels (h, w), 0 to 255, with dark ink."""
        ink = self._find_reduced(grey, LONG_SIDE)
        if max(grey.shape) > LONG_SIDE and 0 < _measure_height(ink) < LEAST_HEIGHT:
            ink = self._find_reduced(grey, 2 * LONG_SIDE)
        whole = Image.fromarray(ink).resize(grey.shape[::-1], Image.Resampling.BICUBIC)
        found: Grey = np.clip((np.asarray(whole) - DOUBTFUL) / (CERTAIN - DOUBTFUL), 0, 1)
        return found

    def _find_reduced(self, grey: Grey, long_side: int) -> Grey:
        """Return the probabilities of ink in the picture, reduced to a longer side."""
        height, width = grey.shape
        scale = min(1.0, long_side / max(height, width))
        small = max(1, round(height * scale)), max(1, round(width * scale))
        image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
        reduced = np.asarray(image.resize(small[::-1], Image.Resampling.BOX)) / np.float32(255)
        padding = [(0, -side % MULTIPLE) for side in small]
        logits = self._run(np.pad(reduced, padding, mode="edge"))[: small[0], : small[1]]
        return sigmoid(logits)

    def _run(self, picture: Grey) -> Grey:
        shape = (1, *picture.shape, 1)
        with self._lock:
            if shape != self._shape:
                self._interpreter.resize_tensor_input(self._input, shape)
                self._interpreter.allocate_tensors()
                self._shape = shape
            self._interpreter.set_tensor(self._input, picture.reshape(shape))
            self._interpreter.invoke()
            logits: Grey = self._interpreter.get_tensor(self._output)[0, :, :, 0]
            return logits


def _measure_height(ink: Grey) -> float:
    """Return the usual height of the pieces of ink, or 0 if there are none."""
    pieces = find_components(ink > 0.5)
    if not len(pieces.areas):
        return 0.0
    return measure_usual_height(pieces.boxes[:, 3] - pieces.boxes[:, 1], pieces.areas)
