"""Recognising what nobody keeps: a picture that is still being drawn."""

from dataclasses import dataclass

from classifier.recognition import imaging
from classifier.recognition.reader import read_picture
from classifier.registry import serving
from classifier.uploads import answers
from classifier.uploads.answers import Answer


@dataclass(frozen=True)
class Preview:
    """`pixels` are what the model saw of each of the answer's digits, 28×28, ink = 255."""

    answer: Answer
    pixels: list[bytes]


def preview_picture(data: bytes) -> Preview:
    """Raises ImageError where the bytes are no usable picture, NoModel where nothing serves."""
    picture = imaging.decode(data)
    served = serving.champion.get()
    reading = read_picture(picture, served.recognizer)
    answer = answers.build_preview_answer(reading, served.version.name)
    return Preview(answer, [digit.pixels.tobytes() for digit in reading.digits])
