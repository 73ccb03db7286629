"""HEIC is decoded in a process of its own, whose limits hold."""

from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from classifier.recognition.imaging import ImageError, decode, heic
from classifier.recognition.imaging.tests.damage import damage_file
from classifier.recognition.imaging.tests.test_fuzz_pictures import draw_seven, make_exif

PICTURES = 6  # each starts a process


def encode_heic(image: Image.Image, **options: object) -> bytes:
    target = BytesIO()
    pillow_heif.from_pillow(image.convert("RGB")).save(target, **options)
    return target.getvalue()


def get_refusal_code(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data)
    return caught.value.code


def test_heic_is_read_upright() -> None:
    seven = draw_seven().resize((200, 100))
    picture = decode(encode_heic(seven, exif=make_exif().tobytes()))
    assert (picture.width, picture.height, picture.media_type) == (100, 200, "image/heic")
    expected = np.rot90(np.asarray(seven.convert("RGB")), -1)
    assert np.abs(picture.pixels.astype(int) - expected).mean() < 6


def test_large_heic_is_reduced_and_reports_its_original_size() -> None:
    picture = decode(encode_heic(draw_seven().resize((2100, 400))))
    assert (picture.width, picture.height) == (2100, 400)
    assert picture.pixels.shape[1] <= 1024


def test_heic_of_too_many_pixels_is_refused_before_decoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heic, "MAX_PIXELS", 40 * 40 - 1)
    assert get_refusal_code(encode_heic(draw_seven())) == "too_many_pixels"


@pytest.mark.parametrize(
    ("part", "changed", "code"),
    [
        ("MAX_MEMORY_BYTES = 600_000_000", "MAX_MEMORY_BYTES = 60_000_000", "damaged"),
        ("MAX_CPU_S = 3", "MAX_CPU_S = 1", "too_complex"),
    ],
)
def test_decoder_ends_at_its_limits(
    part: str, changed: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = heic.PROGRAM.read_text()
    assert part in text
    text = text.replace(part, changed)
    if code == "too_complex":
        text = text.replace("    register_heif_opener(", "    while True: pass\n    #")
    program = tmp_path / "program.py"
    program.write_text(text)
    monkeypatch.setattr(heic, "PROGRAM", program)
    assert get_refusal_code(encode_heic(Image.new("L", (1000, 1000), 255))) == code


def test_decoder_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(heic, "PROGRAM", program)
    monkeypatch.setattr(heic, "MAX_S", 0.2)
    assert get_refusal_code(encode_heic(draw_seven())) == "too_complex"


def test_damaged_heic_raises_image_error_at_most() -> None:
    whole = encode_heic(draw_seven())
    for number in range(PICTURES):
        data = damage_file(whole, Random(number))  # noqa: S311
        try:
            decode(data)
        except ImageError:
            continue
        except Exception as error:
            raise AssertionError(f"number {number}: {data[:100]!r}") from error
