"""Files are decoded upright and opaque, or rejected with a code."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from classifier.recognition.imaging import ImageError, decode, find_digits
from classifier.recognition.imaging.tests.digit_pictures import encode_picture


def encode_image(image: Image.Image, file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()


def draw_bar(mode: str = "L", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Draw a dark bar in the upper left of white paper."""
    image = Image.new("L", size, 255)
    image.paste(0, (5, 5, 25, 12))
    return image.convert(mode)


PNG = encode_image(draw_bar(), "PNG")
FRAMES: dict[str, Any] = {"save_all": True, "append_images": [Image.new("L", (60, 40), 9)]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello, this is text", "not_an_image"),
        (bytes(range(256)), "not_an_image"),
        (PNG[:60], "damaged"),
        (PNG[:20], "damaged"),
        (encode_image(Image.effect_noise((64, 64), 60), "JPEG")[:900], "damaged"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
        (b"\x00\x00\x00\x1cftypavif", "damaged"),
        (b"%PDF-1.7", "unsupported_type"),
        (encode_picture(np.zeros((7, 300))), "too_small"),
        (encode_image(draw_bar(), "GIF", **FRAMES), "animated"),
        (encode_image(draw_bar(), "PNG", **FRAMES), "animated"),
    ],
)
def test_bad_file_is_rejected_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


def test_unsupported_type_is_named() -> None:
    with pytest.raises(ImageError, match="JPEG XL"):
        decode(b"\xff\x0a")


def test_avif_with_a_common_brand_is_read() -> None:
    """Some programs write the container's brand first."""
    data = encode_image(draw_bar(), "AVIF")
    assert data[8:12] == b"avif"
    renamed = data[:8] + b"mif1" + data[12:]
    assert decode(renamed).media_type == "image/avif"


@pytest.mark.parametrize("length", [40, 200, 300])
def test_truncated_avif_is_damaged(length: int) -> None:
    with pytest.raises(ImageError) as caught:
        decode(encode_image(draw_bar(), "AVIF")[:length])
    assert caught.value.code == "damaged"


@pytest.mark.parametrize("side", [8000, 12000, 20000])
def test_too_many_pixels_are_rejected_before_decoding(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = PNG[:12] + header + struct.pack(">I", zlib.crc32(header)) + PNG[33:]

    def fail(_: ImageFile.ImageFile) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_decodes_to_the_same_stroke(mode: str) -> None:
    source = draw_bar("L")
    if mode == "I;16":
        deep = np.asarray(source, np.uint16) * 257
        image = Image.fromarray(deep)
    else:
        image = source.convert(mode)
    picture = decode(encode_image(image, "TIFF"))
    assert picture.pixels.shape[:2] == (40, 60)
    assert picture.pixels[8, 10].max() < 20
    assert picture.pixels[30, 40].min() > 235


@pytest.mark.parametrize(
    ("file_format", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("MPO", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
    ],
)
def test_media_type_is_detected_from_content(file_format: str, media_type: str) -> None:
    options = FRAMES if file_format == "MPO" else {}
    picture = decode(encode_image(draw_bar(), file_format, **options))
    assert picture.media_type == media_type
    assert (picture.width, picture.height) == (60, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_is_turned_upright(orientation: int) -> None:
    upright = draw_bar(size=(64, 48))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encode_image(turned, "PNG", exif=exif))
    assert (picture.width, picture.height) == (64, 48)
    assert np.array_equal(picture.pixels, np.asarray(upright))


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_transparent_paper_contrasts_with_the_ink(ink: int, paper: int) -> None:
    image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    image.paste((ink, ink, ink, 255), (5, 5, 25, 12))
    pixels = decode(encode_image(image, "PNG")).pixels
    assert (pixels[8, 10] == ink).all()
    assert (pixels[30, 40] == paper).all()


def test_transparent_rim_becomes_paper() -> None:
    image = draw_bar("RGBA")
    image.paste((0, 0, 0, 0), (0, 30, 60, 40))
    assert decode(encode_image(image, "PNG")).pixels.min(axis=2)[35].min() == 255


def test_transparent_picture_is_blank() -> None:
    assert find_digits(decode(encode_image(Image.new("RGBA", (60, 40)), "PNG"))) == []


def test_photo_is_reduced_and_reports_its_original_size() -> None:
    picture = decode(encode_picture(np.full((3000, 4000), 200), "JPEG"))
    assert (picture.width, picture.height) == (4000, 3000)
    assert max(picture.pixels.shape) <= 1024
