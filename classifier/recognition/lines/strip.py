"""Lines of writing in the form that the line reader needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.imaging import Box, Line, Picture
from classifier.recognition.imaging.arrays import Grey
from classifier.recognition.imaging.light import convert_to_dark_ink

INKED = 0.6  # share of the paper's light that full ink absorbs


@dataclass(frozen=True, eq=False)
class Strip:
    """A line of writing, dark on light: (h, w) `grey` from 0 to 1, and the line's box.

    The grey starts at `left` and `top` in the upright original, and one of its pixels is `scale`
    pixels of the original.
    """

    grey: Grey
    left: float
    top: float
    scale: float
    box: Box

    @classmethod
    def from_picture(cls, picture: Picture) -> "Strip":
        scale = picture.width / picture.pixels.shape[1]
        grey = convert_to_dark_ink(picture.pixels) / np.float32(255)
        return cls(grey, 0, 0, scale, (0, 0, picture.width, picture.height))

    @classmethod
    def from_line(cls, line: Line) -> "Strip":
        margin = (line.ink.shape[0] * line.scale - line.box[3]) / 2
        grey = np.asarray(1 - INKED * line.ink, np.float32)
        return cls(grey, line.start, line.box[1] - margin, line.scale, line.box)

    def contains(self, box: Box) -> bool:
        """Return whether the middle of a box (x, y, width, height) lies in the line."""
        x, y, width, height = self.box
        across, down = box[0] + box[2] / 2, box[1] + box[3] / 2
        return x <= across <= x + width and y <= down <= y + height

    def convert_box(self, box: NDArray[np.float32]) -> Box:
        """Convert left, top, right, bottom in the grey to x, y, width, height in the original."""
        left, top, right, bottom = (self.scale * float(side) for side in box)
        x, y = round(max(self.left + left, 0)), round(max(self.top + top, 0))
        return x, y, max(round(self.left + right) - x, 1), max(round(self.top + bottom) - y, 1)
