"""Find handwriting with a network, in shadows, on desks and on printed paper."""

import numpy as np
from PIL import Image

from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.imaging.components import find_components
from classifier.recognition.imaging.text_lines import measure_usual_height
from classifier.recognition.litert import LiteRtGraph
from classifier.recognition.uncertainty import sigmoid

MULTIPLE = 16  # of which the network's picture has a width and a height
DOUBTFUL, CERTAIN = 0.25, 0.75  # probabilities of no ink and of full ink
LONG_SIDE = 256  # pixels of the network's picture; twice as many show small digits
MIN_HEIGHT = 45  # pixels of a digit in that picture, with strokes of two pixels


class InkFinder:
    """The ink network as a LiteRT graph. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raise ValueError if the content is not such a graph."""
        self._graph = LiteRtGraph(content, (1, MULTIPLE, MULTIPLE, 1))

    def find(self, grey: Grey) -> Grey:
        """Return the ink (h, w), 0 to 1, of grey pixels (h, w), 0 to 255, with dark ink."""
        ink = self._find_reduced(grey, LONG_SIDE)
        if max(grey.shape) > LONG_SIDE and 0 < _measure_height(ink) < MIN_HEIGHT:
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
        pixels = np.asarray(image.resize(small[::-1], Image.Resampling.BOX))
        reduced = np.divide(pixels, 255, dtype=np.float32)
        padding = [(0, -side % MULTIPLE) for side in small]
        padded = np.pad(reduced, padding, mode="edge")[np.newaxis, ..., np.newaxis]
        return sigmoid(self._graph.run(padded)[0, : small[0], : small[1], 0])


def _measure_height(ink: Grey) -> float:
    """Return the usual height of the pieces of ink, or 0 if there are none."""
    pieces = find_components(ink > 0.5)
    if not len(pieces.areas):
        return 0.0
    return measure_usual_height(pieces.boxes[:, 3] - pieces.boxes[:, 1], pieces.areas)
