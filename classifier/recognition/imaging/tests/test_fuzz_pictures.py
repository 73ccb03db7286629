"""Damaged files raise ImageError and no other error."""

from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw

from classifier.recognition.imaging import ImageError, decode, find_digits, remove_trailing_data
from classifier.recognition.imaging.tests.damage import damage_file

PICTURES = 1500  # `make fuzz` tries more


def draw_seven() -> Image.Image:
    image = Image.new("L", (40, 40), 240)
    ImageDraw.Draw(image).line((10, 8, 28, 8, 18, 32), fill=20, width=4)
    return image


def encode_image(file_format: str, mode: str = "L", **options: Any) -> bytes:
    target = BytesIO()
    draw_seven().convert(mode).save(target, file_format, **options)
    return target.getvalue()


def make_exif() -> Image.Exif:
    tags = Image.Exif()
    tags[274] = 6
    return tags


WHOLE = {
    "PNG": encode_image("PNG"),
    "PNG of a palette": encode_image("PNG", "P", transparency=0),
    "PNG with alpha": encode_image("PNG", "RGBA"),
    "PNG of 16 bits": encode_image("PNG", "I;16"),
    "JPEG": encode_image("JPEG", exif=make_exif()),
    "progressive JPEG": encode_image("JPEG", "RGB", progressive=True),
    "CMYK JPEG": encode_image("JPEG", "CMYK"),
    "JPEG of two frames": encode_image("MPO", save_all=True, append_images=[draw_seven()]),
    "WebP": encode_image("WEBP", "RGB", exif=make_exif()),
    "AVIF": encode_image("AVIF", "RGB", exif=make_exif()),
    "lossless WebP": encode_image("WEBP", "RGBA", lossless=True),
    "GIF": encode_image("GIF"),
    "BMP": encode_image("BMP", "RGB"),
    "TIFF": encode_image("TIFF"),
    "TIFF of tiles": encode_image("TIFF", "RGB", compression="tiff_lzw"),
    "TIFF of a fax": encode_image("TIFF", "1", compression="group4"),
}


@pytest.mark.filterwarnings("ignore")  # Pillow warns about files that it repairs
@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_damaged_picture_raises_image_error_at_most(whole: bytes) -> None:
    for number in range(PICTURES // len(WHOLE)):
        data = damage_file(whole, Random(number))  # noqa: S311
        try:
            find_digits(decode(remove_trailing_data(data)))
        except ImageError:
            continue
        except Exception as error:
            raise AssertionError(f"number {number}: {data[:100]!r}") from error
