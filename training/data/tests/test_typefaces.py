"""The typefaces have all characters that are drawn with them."""

import pytest
from PIL.ImageFont import FreeTypeFont

from training.data import typefaces

MISSING = "\uffff"


def draw(font: FreeTypeFont, character: str) -> bytes:
    return bytes(font.getmask(character))


@pytest.mark.parametrize("name", typefaces.FONTS)
def test_typeface_has_every_character(name: str) -> None:
    font = typefaces._load_font(name)
    signs = typefaces.SIGNS if name in typefaces.DEJAVU else ""

    for character in typefaces.LETTERS + signs + "0123456789":
        assert draw(font, character) not in (b"", draw(font, MISSING)), character
