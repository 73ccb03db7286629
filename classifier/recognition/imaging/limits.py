"""How much work one file may be, however small it is itself."""

from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from threading import Lock

from PIL import Image, PngImagePlugin

from classifier.recognition.imaging.errors import DAMAGED, ImageError, gettext_noop

MAX_PIXELS = 50_000_000  # the largest phone sensors in their default mode
LARGE_PIXELS = 12_500_000
WEBP_COPIES = 4  # which libwebp and Pillow have of all pixels at once
MIN_SIDE = 8  # load_digits, the smallest digits in common use, are 8 by 8
LONGEST_STRIP = 1000  # as many times as it is wide
# Ten megabytes of a GIF, in blocks of 255 bytes, take 80,000.
MAX_READS = 250_000
# Each scan of a JPEG goes over all of the picture. Files of cameras and editors have 20 at most.
MAX_SCANNED_PIXELS = 5_000_000_000
SCAN = b"\xff\xda"
MAX_TILE_PIXELS = 2048 * 2048
TILE_WIDTH, TILE_LENGTH = 322, 323

PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK

_one_large = Lock()


class BoundedReader(BytesIO):
    """Pillow parses what is around the pixels in Python: a read, and a little time, for each bit of
    it. A file of nothing else has millions."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise ImageError("damaged", DAMAGED)
        return super().read(size)


def check(image: Image.Image, data: bytes) -> None:
    """Before anything is decoded. Raises ImageError."""
    _check_pixels(image)
    _check_sides(*image.size)
    if image.format in ("JPEG", "MPO"):
        _check_scans(image, data)
    if image.format == "TIFF":
        _check_tiles(image)


def _copies(image: Image.Image) -> int:
    return WEBP_COPIES if image.format == "WEBP" else 1


def _check_pixels(image: Image.Image) -> None:
    limit = MAX_PIXELS // _copies(image)
    if image.width * image.height > limit:
        raise too_many_pixels(limit)


def too_many_pixels(limit: int = MAX_PIXELS) -> ImageError:
    message = gettext_noop("The image has more than %(n)s million pixels. Send a smaller one.")
    return ImageError("too_many_pixels", message, n=limit // 1_000_000)


def _check_sides(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        message = gettext_noop("The image is too small: each side needs %(n)s pixels at least.")
        raise ImageError("too_small", message, n=MIN_SIDE)
    if max(width, height) > LONGEST_STRIP * min(width, height):
        message = gettext_noop("The image is more than %(n)s times as long as wide. Cut it.")
        raise ImageError("too_long", message, n=LONGEST_STRIP)


def _check_scans(image: Image.Image, data: bytes) -> None:
    """By what would begin one, wherever in the file: that can't be fewer than there are."""
    if data.count(SCAN) * max(image.width * image.height, 1_000_000) > MAX_SCANNED_PIXELS:
        message = gettext_noop("The image is stored in far too many steps. Save it anew.")
        raise ImageError("too_complex", message)


def _check_tiles(image: Image.Image) -> None:
    tags = getattr(image, "tag_v2", {})
    if tags.get(TILE_WIDTH, 0) * tags.get(TILE_LENGTH, 0) > MAX_TILE_PIXELS:
        message = gettext_noop("The image is stored in far too large tiles. Save it anew.")
        raise ImageError("too_complex", message)


def turn(image: Image.Image) -> AbstractContextManager[object]:
    """To decode it in: of large pictures each process has one at a time in its memory."""
    large = image.width * image.height * _copies(image) > LARGE_PIXELS
    return _one_large if large else nullcontext()
