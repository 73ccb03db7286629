"""Bytes behind a picture's end are dropped, and the picture stays as it was."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classifier.recognition.imaging import decode, without_appended


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width), np.uint8))


def saved(file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    noise().save(target, file_format, **options)
    return target.getvalue()


def thumbnail() -> Image.Exif:
    """A JPEG with an end of its own, ahead of the picture's."""
    exif = Image.Exif()
    exif[270] = "\xff\xd9 " + saved("JPEG").decode("latin-1")
    return exif


PICTURES = {
    "PNG": saved("PNG"),
    "JPEG": saved("JPEG"),
    "progressive JPEG": saved("JPEG", progressive=True),
    "JPEG with restarts": saved("JPEG", restart_marker_blocks=1),
    "JPEG with a thumbnail": saved("JPEG", exif=thumbnail()),
}
APPENDED = {
    "a video": b"\0\0\0\x18ftypmp42" + bytes(1000),
    "a JPEG": saved("JPEG"),
    "a PNG": saved("PNG"),
    "a byte": b"\0",
}


@pytest.mark.parametrize("appended", APPENDED.values(), ids=APPENDED)
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_bytes_behind_the_end_are_dropped(picture: bytes, appended: bytes) -> None:
    assert without_appended(picture + appended) == picture


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_picture_without_appended_bytes_is_unchanged(picture: bytes) -> None:
    assert without_appended(picture) == picture


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_picture_without_an_end_is_unchanged(picture: bytes) -> None:
    for length in range(0, len(picture), 97):
        assert without_appended(picture[:length]) == picture[:length]


def test_further_frames_of_a_photo_are_dropped_and_it_still_decodes() -> None:
    photo = saved("MPO", save_all=True, append_images=[noise(32, 24)])

    kept = without_appended(photo)

    assert len(kept) < len(photo)
    assert np.array_equal(decode(kept).pixels, decode(photo).pixels)


@pytest.mark.parametrize("file_format", ["WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats_are_unchanged(file_format: str) -> None:
    data = saved(file_format) + bytes(100)

    assert without_appended(data) == data
