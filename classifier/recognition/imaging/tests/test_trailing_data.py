"""Bytes after a picture's end are removed, and the picture is unchanged."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classifier.recognition.imaging import decode, remove_trailing_data


def make_noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width), np.uint8))


def encode_image(file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    make_noise().save(target, file_format, **options)
    return target.getvalue()


def make_thumbnail() -> Image.Exif:
    """Return EXIF data that contain a JPEG with its own end marker."""
    exif = Image.Exif()
    exif[270] = "\xff\xd9 " + encode_image("JPEG").decode("latin-1")
    return exif


PICTURES = {
    "PNG": encode_image("PNG"),
    "JPEG": encode_image("JPEG"),
    "progressive JPEG": encode_image("JPEG", progressive=True),
    "JPEG with restarts": encode_image("JPEG", restart_marker_blocks=1),
    "JPEG with a make_thumbnail": encode_image("JPEG", exif=make_thumbnail()),
}
APPENDED = {
    "a video": b"\0\0\0\x18ftypmp42" + bytes(1000),
    "a JPEG": encode_image("JPEG"),
    "a PNG": encode_image("PNG"),
    "a byte": b"\0",
}


@pytest.mark.parametrize("appended", APPENDED.values(), ids=APPENDED)
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_bytes_after_the_end_are_removed(picture: bytes, appended: bytes) -> None:
    assert remove_trailing_data(picture + appended) == picture


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_picture_without_trailing_bytes_is_unchanged(picture: bytes) -> None:
    assert remove_trailing_data(picture) == picture


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_picture_without_an_end_is_unchanged(picture: bytes) -> None:
    for length in range(0, len(picture), 97):
        assert remove_trailing_data(picture[:length]) == picture[:length]


def test_other_frames_of_a_photo_are_removed() -> None:
    photo = encode_image("MPO", save_all=True, append_images=[make_noise(32, 24)])

    trimmed = remove_trailing_data(photo)

    assert len(trimmed) < len(photo)
    assert np.array_equal(decode(trimmed).pixels, decode(photo).pixels)


@pytest.mark.parametrize("file_format", ["WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats_are_unchanged(file_format: str) -> None:
    data = encode_image(file_format) + bytes(100)

    assert remove_trailing_data(data) == data
