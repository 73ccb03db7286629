"""Boxes around the digits of a picture, to be drawn over it."""

from dataclasses import dataclass

from classifier.models import Upload
from classifier.recognition.labels import Label
from classifier.uploads.answers import Answer, DigitAnswer

WIDEST, HIGHEST = 624, 320
BESIDE = 224  # the side of a single digit's other views, which stand beside it
# A picture of few pixels would be a blur in full width.
MOST_ENLARGED = 4
LETTERS = 0.045  # their height, of the picture's longer side
HALO = 0.2  # around them, of their height


@dataclass(frozen=True)
class Box:
    """In pixels of the original; `sign` stands beside it."""

    number: int
    digit: DigitAnswer
    sign: str
    x: int
    y: int
    width: int
    height: int


class Overlay:
    """A picture's own size, the size in which it is shown at most, a box for each digit, and those
    of the writing that was left out."""

    def __init__(self, upload: Upload, answer: Answer) -> None:
        self.width, self.height = upload.width, upload.height
        if len(answer.digits) == 1:
            scale = BESIDE / max(self.width, self.height)
        else:
            scale = min(WIDEST / self.width, HIGHEST / self.height, MOST_ENLARGED)
        self.shown_width = max(round(self.width * scale), 1)
        self.shown_height = max(round(self.height * scale), 1)
        self.letters = LETTERS * max(self.width, self.height)
        self.halo = HALO * self.letters
        self.boxes = [
            Box(number, digit, sign(digit), *digit.box)
            for number, digit in enumerate(answer.digits, 1)
        ]
        self.left_out = answer.left_out


def sign(digit: DigitAnswer) -> str:
    """What was read, or a question mark."""
    return "?" if digit.label == Label.UNKNOWN else digit.label
