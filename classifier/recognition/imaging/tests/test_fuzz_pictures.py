"""No file makes recognition raise anything but ImageError."""

import os
import time
from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw

from classifier.recognition.imaging import ImageError, decode, find_digits, without_appended
from classifier.recognition.imaging.tests.mutation import mutated

# `make fuzz` raises them.
PICTURES = int(os.environ.get("FUZZ_PICTURES", "1500"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))


def drawing() -> Image.Image:
    image = Image.new("L", (40, 40), 240)
    ImageDraw.Draw(image).line((10, 8, 28, 8, 18, 32), fill=20, width=4)
    return image


def saved(file_format: str, mode: str = "L", **options: Any) -> bytes:
    target = BytesIO()
    drawing().convert(mode).save(target, file_format, **options)
    return target.getvalue()


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[274] = 6
    return tags


WHOLE = {
    "PNG": saved("PNG"),
    "PNG of a palette": saved("PNG", "P", transparency=0),
    "PNG with alpha": saved("PNG", "RGBA"),
    "PNG of 16 bits": saved("PNG", "I;16"),
    "JPEG": saved("JPEG", exif=exif()),
    "progressive JPEG": saved("JPEG", "RGB", progressive=True),
    "CMYK JPEG": saved("JPEG", "CMYK"),
    "JPEG of two frames": saved("MPO", save_all=True, append_images=[drawing()]),
    "WebP": saved("WEBP", "RGB", exif=exif()),
    "lossless WebP": saved("WEBP", "RGBA", lossless=True),
    "GIF": saved("GIF"),
    "BMP": saved("BMP", "RGB"),
    "TIFF": saved("TIFF"),
    "TIFF of tiles": saved("TIFF", "RGB", compression="tiff_lzw"),
    "TIFF of a fax": saved("TIFF", "1", compression="group4"),
}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it repairs
@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_damaged_picture_raises_nothing_but_image_error(whole: bytes) -> None:
    deadline = time.monotonic() + SECONDS / len(WHOLE)
    for number in range(PICTURES // len(WHOLE)):
        if time.monotonic() > deadline:
            break
        data = mutated(whole, Random(f"{SEED} {number}"))  # noqa: S311
        try:
            find_digits(decode(without_appended(data)))
        except ImageError:
            continue
        except Exception as error:
            raise AssertionError(f"seed {SEED}, number {number}: {data[:100]!r}") from error
