"""Convert a photographed line of text to the line reader's input, a map of ink of fixed height.

Training and serving share this module, so that the network gets the same pictures in both.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition.imaging.arrays import Grey

HEIGHT = 32
MIN_WIDTH, MAX_WIDTH = 16, 1024
BLOCK = 8  # columns that share one estimate of the paper
REACH = 2  # blocks on each side that the estimate includes
PAPER_PERCENTILE = 65  # the median of the paper if a quarter of the pixels is ink
INK_PERCENTILE = 97
MIN_CONTRAST = 0.03  # of the paper's brightness; fainter than this is grain
MIN_INK, MAX_INK = -0.5, 1.5


def prepare_line(grey: NDArray[np.generic]) -> Grey:
    """Return the (HEIGHT, w') ink of (h, w) grey pixels with dark ink on light paper.

    The grey may have any size and range. Paper is near 0 and the darkest strokes are near 1, under
    any light that changes slowly along the line. w' preserves the proportions within MIN_WIDTH and
    MAX_WIDTH.
    """
    small = resize_line(grey)
    paper = np.maximum(estimate_paper(small), 1e-3)
    contrast = 1 - small / paper
    ink = max(float(np.percentile(contrast, INK_PERCENTILE)), MIN_CONTRAST)
    scaled: Grey = np.clip(contrast / ink, MIN_INK, MAX_INK).astype(np.float32)
    return scaled


def resize_line(grey: NDArray[np.generic]) -> Grey:
    """Resize the line to HEIGHT. Shrinking averages, so that thin strokes fade but remain."""
    height, width = grey.shape
    target = int(np.clip(round(width * HEIGHT / height), MIN_WIDTH, MAX_WIDTH))
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize((target, HEIGHT), Image.Resampling.BILINEAR))


def estimate_paper(small: Grey) -> Grey:
    """Return the brightness of the paper in each column of a line at HEIGHT."""
    width = small.shape[1]
    blocks = -(-width // BLOCK)
    padded = np.pad(small, ((0, 0), (0, blocks * BLOCK - width)), mode="edge")
    columns = np.pad(
        padded,
        ((0, 0), (REACH * BLOCK, REACH * BLOCK)),
        mode="reflect" if width > REACH * BLOCK else "edge",
    )
    span = (2 * REACH + 1) * BLOCK
    windows = np.lib.stride_tricks.sliding_window_view(columns, span, axis=1)[:, ::BLOCK]
    levels = np.percentile(windows, PAPER_PERCENTILE, axis=(0, 2))
    middles = np.arange(blocks) * BLOCK + (BLOCK - 1) / 2
    return np.interp(np.arange(width), middles, levels).astype(np.float32)
