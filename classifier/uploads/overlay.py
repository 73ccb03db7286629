"""Boxes around the digits of a picture, drawn over it."""

from dataclasses import dataclass

from classifier.models import Upload
from classifier.recognition.labels import Label
from classifier.uploads.answers import Answer, DigitAnswer

MAX_WIDTH, MAX_HEIGHT = 624, 320
SINGLE_DIGIT_SIDE = 224  # pixels, like the other views of a single digit
MAX_SCALE = 4  # a picture of few pixels would be a blur in full width
TEXT_HEIGHT = 0.045  # as a share of the picture's longer side
TEXT_OUTLINE = 0.2  # as a share of the text's height


@dataclass(frozen=True)
class DigitBox:
    """The box of a digit in pixels of the original, and its text."""

    number: int
    digit: DigitAnswer
    text: str
    x: int
    y: int
    width: int
    height: int


class Overlay:
    """A picture's size, its size on the page, and the boxes of its digits and left-out writing."""

    def __init__(self, upload: Upload, answer: Answer) -> None:
        self.width, self.height = upload.width, upload.height
        scale = min(MAX_WIDTH / self.width, MAX_HEIGHT / self.height, MAX_SCALE)
        self.editor_width, self.editor_height = self._scale(scale)
        if len(answer.digits) == 1:
            scale = SINGLE_DIGIT_SIDE / max(self.width, self.height)
        self.page_width, self.page_height = self._scale(scale)
        self.text_height = TEXT_HEIGHT * max(self.width, self.height)
        self.text_outline = TEXT_OUTLINE * self.text_height
        self.boxes = [
            DigitBox(number, digit, format_digit(digit), *digit.box)
            for number, digit in enumerate(answer.digits, 1)
        ]
        self.left_out = answer.left_out

    def _scale(self, scale: float) -> tuple[int, int]:
        return max(round(self.width * scale), 1), max(round(self.height * scale), 1)


def list_boxes(answer: Answer) -> list[dict[str, object]]:
    """Return the digits as the editor of the boxes starts with them."""
    return [
        {"box": digit.box, "label": digit.best_guess, "state": digit.verdict}
        for digit in answer.digits
    ]


def format_digit(digit: DigitAnswer) -> str:
    """Return the digit's label, or a question mark if it is unknown."""
    return "?" if digit.label == Label.UNKNOWN else digit.label
