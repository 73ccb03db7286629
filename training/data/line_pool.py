"""A pool of composed lines in memory, and batches from it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.lines.preparation import HEIGHT, MAX_INK, MIN_INK
from training.data.strings import MAX_DIGITS, Composer, Line

BATCH = 32
WIDTHS = 16  # batches are padded to a multiple of this
STEP = 255 / (MAX_INK - MIN_INK)
# The most that augmentation widens and shifts a line; batches leave room for it.
WIDENED, SHIFTED = 1.05, 3


@dataclass(frozen=True)
class Batch:
    """A batch of N lines.

    `ink` is (N, HEIGHT, w, 1), `digits` (N, MAX_DIGITS) with -1 after the last, and `boxes`
    (N, MAX_DIGITS, 4) in pixels of the ink.
    """

    ink: NDArray[np.float32]
    digits: NDArray[np.int32]
    boxes: NDArray[np.float32]


@dataclass(frozen=True)
class LinePool:
    """Composed lines, with their ink as bytes to save three quarters of the memory."""

    inks: list[NDArray[np.uint8]]
    texts: list[str]
    boxes: list[NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.texts)

    def unpack_line(self, index: int) -> Line:
        ink = (self.inks[index] / STEP + MIN_INK).astype(np.float32)
        return Line(ink, self.texts[index], self.boxes[index])

    def iterate_batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield all lines once, in batches of similar widths and in random order."""
        widths = np.array([ink.shape[1] for ink in self.inks]) * rng.uniform(0.9, 1.1, len(self))
        order = np.argsort(widths)
        for start in rng.permutation(range(0, len(self), BATCH)):
            yield assemble_batch(
                [self.unpack_line(index) for index in order[start : start + BATCH]], rng
            )


def compose_pool(composer: Composer, count: int, rng: np.random.Generator) -> LinePool:
    lines = (composer.compose(rng) for _ in range(count))
    packed = [(np.round((line.ink - MIN_INK) * STEP).astype(np.uint8), line) for line in lines]
    return LinePool(
        [ink for ink, _ in packed],
        [line.text for _, line in packed],
        [line.boxes for _, line in packed],
    )


def assemble_batch(lines: list[Line], rng: np.random.Generator) -> Batch:
    """Return a batch with each line at a random position in its width."""
    widest = max(line.ink.shape[1] for line in lines)
    width = int(-(-(widest * WIDENED + 2 * SHIFTED) // WIDTHS) * WIDTHS)
    ink = np.zeros((len(lines), HEIGHT, width, 1), np.float32)
    digits = np.full((len(lines), MAX_DIGITS), -1, np.int32)
    boxes = np.zeros((len(lines), MAX_DIGITS, 4), np.float32)
    for row, line in enumerate(lines):
        room = int(width / WIDENED) - line.ink.shape[1] - SHIFTED
        start = int(rng.integers(SHIFTED, max(room, SHIFTED) + 1))
        ink[row, :, start : start + line.ink.shape[1], 0] = line.ink
        digits[row, : len(line.text)] = [int(digit) for digit in line.text]
        boxes[row, : len(line.text)] = line.boxes + np.array([start, 0, start, 0])
    return Batch(ink, digits, boxes)
