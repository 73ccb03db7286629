"""Draws letters, signs and digits of the typefaces that matplotlib contains."""

import math
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from classifier.recognition.imaging.arrays import Pixels
from training.data import pen

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "cmb10",
    "cmr10",
    "cmss10",
    "cmti10",
    "cmtt10",
)
DEJAVU = FONTS[:6]
# Characters that a hand may write like a digit, such as O, l and Z, are left out.
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYadefhkmnprtuvwx#%&@+=$"
SIGNS = "ΓΔΞΠΣΦΨΩαηκμπχψω€£<>÷×√∞≈≠Ж"
SIGN_SHARE = 0.25
SIZE = 72  # pixels of an em
PAPER = 160  # pixels


def draw_letter(rng: np.random.Generator) -> Pixels:
    """Return a letter or another sign as (28, 28) pixels, ink = 255."""
    if rng.random() < SIGN_SHARE:
        return _draw_character(str(rng.choice(list(SIGNS))), DEJAVU, rng)
    return _draw_character(str(rng.choice(list(LETTERS))), FONTS, rng)


def draw_digit(digit: int, rng: np.random.Generator) -> Pixels:
    """Return a printed digit as (28, 28) pixels, ink = 255."""
    return _draw_character(str(digit), FONTS, rng)


def _draw_character(character: str, fonts: tuple[str, ...], rng: np.random.Generator) -> Pixels:
    """Draw a character wide or narrow, slanted and turned."""
    paper = Image.new("L", (PAPER, PAPER))
    font = _load_font(str(rng.choice(fonts)))
    ImageDraw.Draw(paper).text((PAPER / 2, PAPER / 2), character, 255, font, anchor="mm")
    matrix = _draw_matrix(rng)
    shift = PAPER / 2 - matrix @ (PAPER / 2, PAPER / 2)
    coefficients = np.column_stack([matrix, shift]).ravel().tolist()
    varied = paper.transform(
        paper.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return pen.convert_drawing(varied)


def _draw_matrix(rng: np.random.Generator) -> NDArray[np.float64]:
    angle, slant = rng.normal(0, math.radians(6)), rng.normal(0, 0.15)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.asarray(turn @ [[np.exp(rng.normal(0, 0.15)), slant], [0, 1]])


@cache
def _load_font(name: str) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path

    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", f"{name}.ttf"), SIZE)
