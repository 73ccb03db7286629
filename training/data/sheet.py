"""A sheet that arranges tiles of ink in a line, as close as their outlines allow."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.imaging.components import Box
from training.data.tiles import UNIT

INKED = 0.3
UNREACHED = -1e3  # rows without ink
REACH = 4  # rows above and below whose ink counts for the gap


@dataclass
class Sheet:
    """A line while it is written.

    `ink` is (h, w), `front` the right end of the ink in each row, and `boxes` those of the digits.
    `left` is that of the last tile, and `right` the right end of all tiles.
    """

    ink: Grey
    left: float
    right: float = field(init=False)
    front: NDArray[np.float64] = field(init=False)
    boxes: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.right = self.left
        self.front = np.full(len(self.ink), self.left, np.float64)

    def place(self, tile: Grey, middle: float, gap: float) -> Box | None:
        """Place the tile to the right of all ink, `gap` pixels from the nearest ink in any row.

        Return its box, or None if the sheet has no room for it.
        """
        top = int(np.clip(round(middle - len(tile) / 2), 0, max(len(self.ink) - len(tile), 0)))
        tile = tile[: len(self.ink) - top]
        rows, width = slice(top, top + len(tile)), tile.shape[1]
        dark = tile > INKED
        used = dark.any(axis=1)
        start = np.where(used, dark.argmax(axis=1), 10**4)
        nearest = float(np.max(_spread_rows(self.front)[rows] - start))
        # At least half of a tile is to the right of the previous one, even if strokes lean.
        minimum = max(0.7 * self.left + 0.3 * self.right, self.right - 0.5 * width)
        left = round(max(gap + nearest, minimum))
        if left < 0 or left + width >= self.ink.shape[1]:
            return None
        region = self.ink[rows, left : left + width]
        np.maximum(region, tile, out=region)
        end = left + width - dark[:, ::-1].argmax(axis=1)
        self.front[rows] = np.maximum(self.front[rows], np.where(used, end, UNREACHED))
        self.left, self.right = left, max(self.right, left + width)
        return left, top, left + width, top + len(tile)

    def join(
        self, front: NDArray[np.float64], box: Box, pen: float, rng: np.random.Generator
    ) -> None:
        """Draw the stroke of a pen that is not lifted between `front` and the digit in the box."""
        left, top, right, bottom = box
        rows = np.flatnonzero(front[top:bottom] > front.max() - UNIT) + top
        if not len(rows):
            return
        start = int(rng.choice(rows))
        end = int(np.clip(start + rng.normal(0, 8), top, bottom - 1))
        inked = np.flatnonzero(self.ink[end, left:right] > INKED)
        if not len(inked):
            return
        along = np.linspace(0, 1, 24)
        xs = front[start] - 1 + along * (left + inked[0] + 1 - front[start])
        ys = start + along * (end - start) + rng.normal(0, 4) * np.sin(math.pi * along)
        half = max(1, round(pen / 2))
        for x, y in zip(xs.astype(int), ys.astype(int), strict=True):
            self.ink[max(y - half, 0) : y + half, max(x - half, 0) : x + half] = 1


def _spread_rows(front: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the maximum within REACH rows of each row."""
    padded = np.pad(front, REACH, constant_values=UNREACHED)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1)
    spread: NDArray[np.float64] = windows.max(axis=1)
    return spread
