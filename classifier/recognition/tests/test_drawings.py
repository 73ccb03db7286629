"""Drawings and spoilt digits, which the bundled model must not call a digit."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from classifier.recognition.imaging import Picture
from classifier.recognition.imaging.tests.digit_pictures import draw_ink
from classifier.recognition.labels import Verdict
from classifier.recognition.reader import read_picture
from classifier.recognition.recognizer import Recognizer
from classifier.tests.pictures import Digits

WIDTH = 12

Draw = Callable[[ImageDraw.ImageDraw], None]


def draw_face(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse([60, 50, 240, 250], None, 255, WIDTH)
    pen.ellipse([110, 110, 128, 134], fill=255)
    pen.ellipse([172, 110, 190, 134], fill=255)
    pen.arc([105, 130, 195, 210], 20, 160, 255, WIDTH)


def draw_clock(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse([60, 60, 240, 240], None, 255, WIDTH)
    pen.line([(150, 90), (150, 150), (200, 160)], 255, WIDTH)


def draw_house(pen: ImageDraw.ImageDraw) -> None:
    walls = [(70, 140), (150, 60), (230, 140), (230, 240), (70, 240), (70, 140), (150, 60)]
    pen.line(walls, 255, WIDTH)


def draw_dot(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse([110, 110, 190, 190], fill=255)


def read_drawing(image: Image.Image, recognizer: Recognizer) -> Verdict:
    ink = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), np.float32) / 255
    paper = (240 * (1 - 0.8 * ink)).astype(np.uint8)
    return read_picture(Picture.from_array(paper), recognizer).verdict


@pytest.mark.parametrize("draw", [draw_face, draw_clock, draw_house, draw_dot])
def test_drawing_is_not_a_digit(draw: Draw, baseline: Recognizer) -> None:
    image = Image.new("L", (300, 300))
    draw(ImageDraw.Draw(image))

    assert read_drawing(image, baseline) == Verdict.NOT_A_DIGIT


@pytest.fixture
def eight(digits: Digits) -> Image.Image:
    image = Image.new("L", (300, 300))
    ink = draw_ink(digits[0][digits[1] == 8][0], 140)
    image.paste(Image.fromarray((ink * 255).astype(np.uint8)), (80, 80))
    return image


def test_crossed_out_digit_is_uncertain(eight: Image.Image, baseline: Recognizer) -> None:
    ImageDraw.Draw(eight).line([(60, 155), (240, 145)], 255, WIDTH)

    assert read_drawing(eight, baseline) != Verdict.DIGIT


def test_circled_digit_is_uncertain(eight: Image.Image, baseline: Recognizer) -> None:
    ImageDraw.Draw(eight).ellipse([50, 50, 250, 250], None, 255, WIDTH)

    assert read_drawing(eight, baseline) != Verdict.DIGIT
