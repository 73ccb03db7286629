"""Files are decoded upright and opaque, or refused with the right reason."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from classifier.recognition.imaging import ImageError, decode, find_digits
from classifier.recognition.imaging.tests.made import encoded


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()


def stroke(mode: str = "L", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """White with a dark bar in the upper left."""
    image = Image.new("L", size, 255)
    image.paste(0, (5, 5, 25, 12))
    return image.convert(mode)


PNG = saved(stroke(), "PNG")
FRAMES: dict[str, Any] = {"save_all": True, "append_images": [Image.new("L", (60, 40), 9)]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello, this is text", "not_an_image"),
        (bytes(range(256)), "not_an_image"),
        (PNG[:60], "damaged"),
        (PNG[:20], "damaged"),
        (saved(Image.effect_noise((64, 64), 60), "JPEG")[:900], "damaged"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
        (b"\x00\x00\x00\x18ftypheic", "unsupported_type"),
        (b"\x00\x00\x00\x1cftypavif", "unsupported_type"),
        (b"%PDF-1.7", "unsupported_type"),
        (encoded(np.zeros((7, 300))), "too_small"),
        (saved(stroke(), "GIF", **FRAMES), "animated"),
        (saved(stroke(), "PNG", **FRAMES), "animated"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.code == code
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(("head", "name"), [(b"ftypheic", "HEIC"), (b"ftypavif", "AVIF")])
def test_an_unsupported_type_is_named(head: bytes, name: str) -> None:
    with pytest.raises(ImageError, match=name):
        decode(b"\x00\x00\x00\x18" + head)


@pytest.mark.parametrize("side", [8000, 12000, 20000])
def test_too_many_pixels_are_refused_before_decoding(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(Image.new("1", (side, side)), "PNG")

    def decoded(_: ImageFile.ImageFile) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_decodes_to_the_same_stroke(mode: str) -> None:
    source = stroke("L")
    if mode == "I;16":
        deep = np.asarray(source, np.uint16) * 257
        image = Image.fromarray(deep)
    else:
        image = source.convert(mode)
    picture = decode(saved(image, "TIFF"))
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
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
    ],
)
def test_the_type_is_told_by_content(file_format: str, media_type: str) -> None:
    options = FRAMES if file_format == "MPO" else {}
    picture = decode(saved(stroke(), file_format, **options))
    assert picture.media_type == media_type
    assert (picture.width, picture.height) == (60, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_is_held_upright(orientation: int) -> None:
    upright = stroke(size=(64, 48))
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
    picture = decode(saved(turned, "PNG", exif=exif))
    assert (picture.width, picture.height) == (64, 48)
    assert np.array_equal(picture.pixels, np.asarray(upright))


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_transparent_paper_contrasts_with_the_ink(ink: int, paper: int) -> None:
    image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    image.paste((ink, ink, ink, 255), (5, 5, 25, 12))
    pixels = decode(saved(image, "PNG")).pixels
    assert (pixels[8, 10] == ink).all()
    assert (pixels[30, 40] == paper).all()


def test_a_transparent_rim_takes_the_papers_side() -> None:
    image = stroke("RGBA")
    image.paste((0, 0, 0, 0), (0, 30, 60, 40))
    assert decode(saved(image, "PNG")).pixels.min(axis=2)[35].min() == 255


def test_a_wholly_transparent_picture_is_blank() -> None:
    assert find_digits(decode(saved(Image.new("RGBA", (60, 40)), "PNG"))) == []


def test_a_photo_is_reduced_but_keeps_its_size_on_record() -> None:
    picture = decode(encoded(np.full((3000, 4000), 200), "JPEG"))
    assert (picture.width, picture.height) == (4000, 3000)
    assert max(picture.pixels.shape) <= 1024
