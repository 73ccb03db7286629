"""A file that would take far too much time or memory is get_refusal_code before it does."""

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
from classifier.recognition.imaging.reduce import reduce_image

pytestmark = pytest.mark.slow

TIFF_TYPE_LONG = 4


def encode_image(image: Image.Image, file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    image.save(target, file_format, **options)
    return target.getvalue()


def make_blank(mode: str = "L", side: int = 64) -> Image.Image:
    return Image.new(mode, (side, side))


def get_refusal_code(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert str(caught.value).endswith(".")
    return caught.value.code


def build_png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def build_png(*chunks: bytes) -> bytes:
    png = encode_image(make_blank(), "PNG")
    return png[:33] + b"".join(chunks) + png[33:]


def build_jpeg(junk: bytes) -> bytes:
    jpeg = encode_image(make_blank(), "JPEG")
    return jpeg[:2] + junk + jpeg[2:]


def build_gif(junk: bytes) -> bytes:
    gif = encode_image(make_blank("P"), "GIF")
    place = gif.index(b",")
    return gif[:place] + junk + gif[place:]


def build_bmp(runs: bytes) -> bytes:
    """Return a BMP of 64 by 64 pixels in run-length encoding."""
    head = struct.pack("<LllHHLLllLL", 40, 64, 64, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<LHHL", 1078 + len(runs), 0, 0, 1078) + head + bytes(1024) + runs


def build_scans(times: int, side: int = 64) -> bytes:
    """Return a progressive JPEG that repeats its last scan."""
    jpeg = encode_image(make_blank(side=side), "JPEG", progressive=True)
    last = jpeg[jpeg.rindex(limits.SCAN) : -2]
    return jpeg[:-2] + last * times + jpeg[-2:]


def build_tiff(*tags: tuple[int, int], pages: int = 1) -> bytes:
    """Return a TIFF of 64 by 64 pixels in one strip, unless the tags change that."""
    values = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 64, 279: 4096}
    values |= dict(tags)
    entries = b"".join(
        struct.pack("<HHLL", tag, TIFF_TYPE_LONG, 1, value) for tag, value in sorted(values.items())
    )
    size = 2 + len(entries) + 4
    places = [8 + 4096 + size * page for page in range(pages)]
    return (
        struct.pack("<2sHL", b"II", 42, places[0])
        + bytes(4096)
        + b"".join(
            struct.pack("<H", len(values)) + entries + struct.pack("<L", following)
            for following in [*places[1:], 0]
        )
    )


# A tenth of the limit, because tracing the memory is slow. It is in proportion to the reads.
FEWER_READS = limits.MAX_READS // 10
JUNK: dict[str, Callable[[], bytes]] = {
    "PNG chunks": lambda: build_png(build_png_chunk(b"abCd", b"") * (FEWER_READS // 2)),
    "compressed PNG texts": lambda: build_png(
        *(
            build_png_chunk(b"zTXt", b"%d\0\0" % place + zlib.compress(bytes(2**20)))
            for place in range(5)
        )
    ),
    "a compressed PNG text": lambda: build_png(
        build_png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**23)))
    ),
    "a compressed PNG profile": lambda: build_png(
        build_png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2**23)))
    ),
    "JPEG segments": lambda: build_jpeg(b"\xff\xe5\x00\x02" * FEWER_READS),
    "JPEG padding": lambda: build_jpeg(b"\xff" * FEWER_READS),
    "GIF comments": lambda: build_gif(b"!\xfe\x01x\x00" * (FEWER_READS // 2)),
    "GIF padding": lambda: build_gif(b"\x01" * FEWER_READS),
    "empty BMP runs": lambda: build_bmp(b"\0\0" * FEWER_READS),
}


@pytest.mark.parametrize("junk", JUNK)
def test_megabytes_of_junk_are_not_parsed(junk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_READS", FEWER_READS)
    data = JUNK[junk]()
    tracemalloc.start()
    code = get_refusal_code(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code == "damaged"
    assert most < 8e6


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_ordinary_picture_needs_few_reads(
    file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_READS", limits.MAX_READS // 100)
    noise = np.random.default_rng(0).integers(0, 256, (400, 400), np.uint8)
    assert decode(encode_image(Image.fromarray(noise), file_format)).width == 400


def test_jpeg_with_many_scans_is_rejected() -> None:
    assert get_refusal_code(build_scans(6000)) == "too_complex"


def test_scan_limit_depends_on_size() -> None:
    assert decode(build_scans(40)).width == 64
    assert get_refusal_code(build_scans(120, side=7000)) == "too_complex"


def test_huge_tile_is_rejected() -> None:
    ordinary = build_tiff((322, 64), (323, 64), (324, 8), (325, 4096))
    assert decode(ordinary).width == 64
    bomb = build_tiff((322, 32768), (323, 32768), (324, 8), (325, 4096))
    assert get_refusal_code(bomb) == "too_complex"


def test_tiff_with_many_pages_is_rejected() -> None:
    assert decode(build_tiff()).width == 64
    assert get_refusal_code(build_tiff(pages=80_000)) == "animated"


def test_webp_pixel_limit_is_a_quarter() -> None:
    assert (
        get_refusal_code(encode_image(make_blank(side=3600), "WEBP", quality=1, method=0))
        == "too_many_pixels"
    )
    assert decode(encode_image(make_blank(side=3500), "WEBP", quality=1, method=0)).width == 3500


@pytest.mark.parametrize("size", [(8 * 1001, 8), (8, 8 * 1001), (6_000_000, 8)])
def test_too_long_strip_is_rejected(size: tuple[int, int]) -> None:
    assert get_refusal_code(encode_image(Image.new("1", size), "PNG")) == "too_long"


def test_longest_strip_is_accepted() -> None:
    assert decode(encode_image(Image.new("1", (8 * 1000, 8)), "PNG")).width == 8000


@pytest.mark.parametrize(
    ("side", "file_format", "alone"),
    [
        (3500, "PNG", False),
        (3600, "PNG", True),
        (1700, "WEBP", False),
        (1800, "WEBP", True),
        (1800, "AVIF", True),
    ],
)
def test_large_picture_is_decoded_under_the_lock(
    side: int, file_format: str, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, held = Lock(), []
    load = ImageFile.ImageFile.load

    def note(image: ImageFile.ImageFile) -> object:
        held.append(lock.locked())
        return load(image)

    monkeypatch.setattr(limits, "_large_picture_lock", lock)
    monkeypatch.setattr(ImageFile.ImageFile, "load", note)
    decode(encode_image(make_blank(side=side), file_format))
    assert held[-1] is alone
    assert not lock.locked()


def test_damaged_large_picture_releases_the_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = Lock()
    monkeypatch.setattr(limits, "_large_picture_lock", lock)
    assert get_refusal_code(encode_image(make_blank(side=3600), "PNG")[:-60]) == "damaged"
    assert not lock.locked()


def make_block_noise(size: tuple[int, int], bands: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return noise in blocks of 7 by 7 pixels."""
    shape = (size[1] // 7 + 1, size[0] // 7 + 1, bands)
    blocks = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    return blocks.repeat(7, 0).repeat(7, 1)[: size[1], : size[0]]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "1"])
@pytest.mark.parametrize("size", [(1601, 1603), (4001, 301), (2047, 3001)])
def test_reduction_in_bands_equals_reduction_of_the_whole(mode: str, size: tuple[int, int]) -> None:
    image = Image.fromarray(make_block_noise(size, 4)).convert(mode)
    plain = image.convert({"P": "RGB", "CMYK": "RGB", "1": "L"}.get(mode, mode))
    small = (LONG_SIDE // 2, LONG_SIDE // 2)
    whole = plain.resize(small, Image.Resampling.BILINEAR, reducing_gap=1.5)
    assert np.array_equal(np.asarray(reduce_image(image, small)), np.asarray(whole))


def test_sixteen_bit_picture_is_scaled_by_its_whole_range() -> None:
    ramp = np.linspace(30_000, 40_000, 2000 * 1500).reshape(2000, 1500).astype(np.uint16)
    pixels = decode(encode_image(Image.fromarray(ramp), "PNG")).pixels
    assert pixels[0].max() <= 1
    assert pixels[-1].min() >= 254
    assert (np.diff(pixels[:, 100].astype(int)) >= 0).all()
