"""The part of a reading that is stored with its picture, as JSON has it."""

from dataclasses import dataclass

from classifier.recognition.reader import Reading


@dataclass(frozen=True)
class Layout:
    """Lines as (box, number of digits), boxes that no digit explains, and the reading's confidence.

    `confidence` is None for a blank picture, and for one that was read before it was measured.
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

    @property
    def confidences(self) -> list[float]:
        return [] if self.confidence is None else [self.confidence]
