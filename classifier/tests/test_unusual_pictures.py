"""Unusual but valid pictures are read."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import ExifTags, Image, ImageOps

from classifier.models import ModelVersion
from classifier.tests.pictures import Draw, encode_picture
from classifier.tests.test_bad_input import Send, send_api_body, send_form

pytestmark = pytest.mark.django_db

Edit = Callable[[Image.Image], bytes]


def encode_rotated(picture: Image.Image) -> bytes:
    """Turn the picture on its side, with the EXIF tag that a phone sets."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return encode_picture(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def encode_transparent_palette(picture: Image.Image) -> bytes:
    return encode_picture(picture.convert("P"), transparency=picture.convert("P").getpixel((0, 0)))


def encode_ink_on_transparency(picture: Image.Image) -> bytes:
    ink = Image.new("RGBA", picture.size, (20, 30, 120, 0))
    ink.putalpha(ImageOps.invert(picture))
    return encode_picture(ink)


def encode_grey_with_alpha(picture: Image.Image) -> bytes:
    return encode_picture(Image.merge("LA", (picture, Image.new("L", picture.size, 255))))


def encode_sixteen_bits(picture: Image.Image) -> bytes:
    # A scanner stores its 12 bits like this.
    return encode_picture(picture.convert("I").point(lambda level: level * 16).convert("I;16"))


UNUSUAL: dict[str, Edit] = {
    "CMYK JPEG": lambda picture: encode_picture(picture.convert("CMYK"), "JPEG"),
    "16-bit PNG": encode_sixteen_bits,
    "palette with transparency": encode_transparent_palette,
    "1 bit": lambda picture: encode_picture(picture.convert("1")),
    "grey with alpha": encode_grey_with_alpha,
    "ink on transparency": encode_ink_on_transparency,
    "rotated by its EXIF": encode_rotated,
    "white on black": lambda picture: encode_picture(ImageOps.invert(picture)),
    "28 by 28": lambda picture: encode_picture(picture.resize((28, 28))),
    "WebP": lambda picture: encode_picture(picture, "WEBP"),
    "TIFF": lambda picture: encode_picture(picture, "TIFF"),
    "compressed TIFF": lambda picture: encode_picture(
        picture.convert("1"), "TIFF", compression="group4"
    ),
    "BMP": lambda picture: encode_picture(picture, "BMP"),
    "GIF": lambda picture: encode_picture(picture, "GIF"),
    "progressive JPEG": lambda picture: encode_picture(
        picture.convert("RGB"), "JPEG", progressive=True
    ),
}


@pytest.mark.parametrize("send", [send_form, send_api_body])
@pytest.mark.parametrize("edit", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_picture_is_read(
    champion: ModelVersion, draw_digit: Draw, send: Send, edit: Edit
) -> None:
    picture = Image.open(BytesIO(draw_digit(4)))  # a 4 on its side is no digit

    reply = send(edit(picture), "picture")

    assert (reply.status, reply.label) == (200, "4")
