"""Recognition of a picture that is still being drawn and is not stored."""

from dataclasses import dataclass

from classifier.recognition import imaging
from classifier.recognition.reader import read_picture
from classifier.registry import serving
from classifier.uploads import answers
from classifier.uploads.answers import Answer


@dataclass(frozen=True)
class Preview:
    """An answer, and each of its digits as the model gets it: 28×28 bytes, ink = 255."""

    answer: Answer
    pixels: list[bytes]


def preview_picture(data: bytes) -> Preview:
    """Recognise a picture. Raise ImageError if it can't be read, NoModel if no model serves."""
    picture = imaging.decode(data)
    served = serving.champion.get()
    reading = read_picture(picture, served.recognizer)
    answer = answers.build_answer(reading, served.version.name)
    return Preview(answer, [digit.pixels.tobytes() for digit in reading.digits])
