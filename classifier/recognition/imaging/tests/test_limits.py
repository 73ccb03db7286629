"""A file that would take far too much time or memory is refused before it does."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from io import BytesIO
from threading import Lock
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from classifier.recognition.imaging import ImageError, decode, limits
from classifier.recognition.imaging.decode import LONG_SIDE
from classifier.recognition.imaging.reduce import reduced

TIFF_TYPE_LONG = 4


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()


def digit(mode: str = "L", side: int = 64) -> Image.Image:
    return Image.new(mode, (side, side))


def refused(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.detail.endswith(".")
    return caught.value.code


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*chunks: bytes) -> bytes:
    png = saved(digit(), "PNG")
    return png[:33] + b"".join(chunks) + png[33:]


def jpeg_with(junk: bytes) -> bytes:
    jpeg = saved(digit(), "JPEG")
    return jpeg[:2] + junk + jpeg[2:]


def gif_with(junk: bytes) -> bytes:
    gif = saved(digit("P"), "GIF")
    place = gif.index(b",")
    return gif[:place] + junk + gif[place:]


def bmp(runs: bytes) -> bytes:
    """64 by 64, of runs."""
    head = struct.pack("<LllHHLLllLL", 40, 64, 64, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<LHHL", 1078 + len(runs), 0, 0, 1078) + head + bytes(1024) + runs


def scans(times: int, side: int = 64) -> bytes:
    """A progressive JPEG whose last scan comes so many times."""
    jpeg = saved(digit(side=side), "JPEG", progressive=True)
    last = jpeg[jpeg.rindex(limits.SCAN) : -2]
    return jpeg[:-2] + last * times + jpeg[-2:]


def tiff(*tags: tuple[int, int], pages: int = 1) -> bytes:
    """64 by 64 from one strip, unless the tags say otherwise; each page names the next."""
    known = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 64, 279: 4096}
    known |= dict(tags)
    entries = b"".join(
        struct.pack("<HHLL", tag, TIFF_TYPE_LONG, 1, value) for tag, value in sorted(known.items())
    )
    size = 2 + len(entries) + 4
    places = [8 + 4096 + size * page for page in range(pages)]
    return (
        struct.pack("<2sHL", b"II", 42, places[0])
        + bytes(4096)
        + b"".join(
            struct.pack("<H", len(known)) + entries + struct.pack("<L", following)
            for following in [*places[1:], 0]
        )
    )


MANY = limits.MAX_READS
JUNK: dict[str, Callable[[], bytes]] = {
    "PNG chunks": lambda: png_with(chunk(b"abCd", b"") * (MANY // 2)),
    "PNG texts that unfold": lambda: png_with(
        *(chunk(b"zTXt", b"%d\0\0" % place + zlib.compress(bytes(2**20))) for place in range(5))
    ),
    "a PNG text that unfolds": lambda: png_with(
        chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**23)))
    ),
    "a PNG profile that unfolds": lambda: png_with(
        chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2**23)))
    ),
    "JPEG segments": lambda: jpeg_with(b"\xff\xe5\x00\x02" * MANY),
    "JPEG padding": lambda: jpeg_with(b"\xff" * MANY),
    "GIF comments": lambda: gif_with(b"!\xfe\x01x\x00" * (MANY // 2)),
    "GIF bytes of nothing": lambda: gif_with(b"\x01" * MANY),
    "BMP runs of nothing": lambda: bmp(b"\0\0" * MANY),
}


@pytest.mark.parametrize("junk", JUNK)
def test_megabytes_of_what_is_no_picture_are_not_parsed(junk: str) -> None:
    data = JUNK[junk]()
    tracemalloc.start()
    code = refused(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code == "damaged"
    assert most < 50e6


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_picture_of_some_size_takes_few_reads(
    file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_READS", limits.MAX_READS // 100)
    noise = np.random.default_rng(0).integers(0, 256, (400, 400), np.uint8)
    assert decode(saved(Image.fromarray(noise), file_format)).width == 400


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    assert refused(scans(6000)) == "too_complex"


def test_how_many_depends_on_its_size() -> None:
    assert decode(scans(40)).width == 64
    assert refused(scans(120, side=7000)) == "too_complex"


def test_a_tile_that_is_larger_than_any_picture_is_refused() -> None:
    ordinary = tiff((322, 64), (323, 64), (324, 8), (325, 4096))
    assert decode(ordinary).width == 64
    bomb = tiff((322, 32768), (323, 32768), (324, 8), (325, 4096))
    assert refused(bomb) == "too_complex"


def test_very_many_pages_are_not_counted() -> None:
    assert decode(tiff()).width == 64
    assert refused(tiff(pages=80_000)) == "animated"


def test_a_webp_may_have_fewer_pixels_as_it_is_in_memory_four_times() -> None:
    assert refused(saved(digit(side=3600), "WEBP", quality=1, method=0)) == "too_many_pixels"
    assert decode(saved(digit(side=3500), "WEBP", quality=1, method=0)).width == 3500


@pytest.mark.parametrize("size", [(8 * 1001, 8), (8, 8 * 1001), (6_000_000, 8)])
def test_a_thread_is_no_picture(size: tuple[int, int]) -> None:
    assert refused(saved(Image.new("1", size), "PNG")) == "too_long"


def test_a_strip_is() -> None:
    assert decode(saved(Image.new("1", (8 * 1000, 8)), "PNG")).width == 8000


@pytest.mark.parametrize(
    ("side", "file_format", "alone"),
    [(3500, "PNG", False), (3600, "PNG", True), (1700, "WEBP", False), (1800, "WEBP", True)],
)
def test_of_large_pictures_one_at_a_time_is_decoded(
    side: int, file_format: str, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, held = Lock(), []
    load = ImageFile.ImageFile.load

    def note(image: ImageFile.ImageFile) -> object:
        held.append(lock.locked())
        return load(image)

    monkeypatch.setattr(limits, "_one_large", lock)
    monkeypatch.setattr(ImageFile.ImageFile, "load", note)
    decode(saved(digit(side=side), file_format))
    assert held[-1] is alone
    assert not lock.locked()


def test_the_next_one_has_its_turn_though_the_last_was_damaged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = Lock()
    monkeypatch.setattr(limits, "_one_large", lock)
    assert refused(saved(digit(side=3600), "PNG")[:-60]) == "damaged"
    assert not lock.locked()


def coarse(size: tuple[int, int], bands: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Noise of blocks of 7 by 7 pixels."""
    shape = (size[1] // 7 + 1, size[0] // 7 + 1, bands)
    blocks = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    return blocks.repeat(7, 0).repeat(7, 1)[: size[1], : size[0]]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "1"])
@pytest.mark.parametrize("size", [(1601, 1603), (4001, 301), (2047, 3001)])
def test_reducing_in_bands_is_reducing_the_whole(mode: str, size: tuple[int, int]) -> None:
    image = Image.fromarray(coarse(size, 4)).convert(mode)
    plain = image.convert({"P": "RGB", "CMYK": "RGB", "1": "L"}.get(mode, mode))
    small = (LONG_SIDE // 2, LONG_SIDE // 2)
    whole = plain.resize(small, Image.Resampling.BILINEAR, reducing_gap=1.5)
    assert np.array_equal(np.asarray(reduced(image, small)), np.asarray(whole))


def test_a_large_deep_picture_keeps_the_range_of_the_whole() -> None:
    ramp = np.linspace(30_000, 40_000, 2000 * 1500).reshape(2000, 1500).astype(np.uint16)
    pixels = decode(saved(Image.fromarray(ramp), "PNG")).pixels
    assert pixels[0].max() <= 1
    assert pixels[-1].min() >= 254
    assert (np.diff(pixels[:, 100].astype(int)) >= 0).all()
