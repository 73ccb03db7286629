"""The part of a reading that is stored as JSON with its picture."""

from dataclasses import dataclass

from classifier.recognition.reading import Reading


@dataclass(frozen=True)
class Layout:
    """Lines as (box, number of digits), boxes of unexplained ink, and the reading's confidence.

    `confidence` is None for a blank picture, and for one that an old version read without it.
    """

    lines: list[tuple[list[int], int]]
    left_out: list[list[int]]
    confidence: float | None

    @classmethod
    def from_reading(cls, reading: Reading) -> "Layout":
        return cls(
            [(list(line.box), len(line.digits)) for line in reading.lines],
            [list(box) for box in reading.left_out],
            reading.confidence,
        )
