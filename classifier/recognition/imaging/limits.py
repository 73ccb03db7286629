"""Limit the memory and time that decoding one file takes, however small the file is."""

from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from threading import Lock

from PIL import Image, PngImagePlugin

from classifier.recognition.imaging.errors import DAMAGED, ImageError, gettext_noop

MAX_PIXELS = 50_000_000  # of the largest phone cameras in their default mode
LARGE_PIXELS = 12_500_000
# The copies of all pixels that libwebp or libavif and Pillow hold at the same time.
COPIES = {"WEBP": 4, "AVIF": 4}
MIN_SIDE = 8  # load_digits, the smallest digits in common use, are 8 by 8
MAX_ASPECT_RATIO = 1000
# A GIF of ten megabytes, in blocks of 255 bytes, needs 80,000.
MAX_READS = 250_000
# Each scan of a JPEG visits all pixels. Cameras and editors write 20 scans at most.
MAX_SCANNED_PIXELS = 5_000_000_000
SCAN = b"\xff\xda"
MAX_TILE_PIXELS = 2048 * 2048
TILE_WIDTH, TILE_LENGTH = 322, 323

PngImagePlugin.MAX_TEXT_MEMORY = 4 * PngImagePlugin.MAX_TEXT_CHUNK

_large_picture_lock = Lock()


class BoundedReader(BytesIO):
    """A file that allows MAX_READS reads.

    Pillow parses everything but the pixels in Python, with a read for each part, and a file may
    consist of millions of parts.
    """

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise ImageError("damaged", DAMAGED)
        return super().read(size)


def check_limits(image: Image.Image, data: bytes) -> None:
    """Raise ImageError if decoding the image would take too much memory or time."""
    _check_pixels(image)
    _check_sides(*image.size)
    if image.format in ("JPEG", "MPO"):
        _check_scans(image, data)
    if image.format == "TIFF":
        _check_tiles(image)


def _count_copies(image: Image.Image) -> int:
    return COPIES.get(image.format or "", 1)


def _check_pixels(image: Image.Image) -> None:
    limit = MAX_PIXELS // _count_copies(image)
    if image.width * image.height > limit:
        raise build_too_many_pixels_error(limit)


def build_too_many_pixels_error(limit: int = MAX_PIXELS) -> ImageError:
    message = gettext_noop("The image has more than %(n)s million pixels. Send a smaller one.")
    return ImageError("too_many_pixels", message, n=limit // 1_000_000)


def _check_sides(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        message = gettext_noop("The image is too small: each side needs at least %(n)s pixels.")
        raise ImageError("too_small", message, n=MIN_SIDE)
    if max(width, height) > MAX_ASPECT_RATIO * min(width, height):
        message = gettext_noop("The image is more than %(n)s times as long as it is wide. Crop it.")
        raise ImageError("too_long", message, n=MAX_ASPECT_RATIO)


def _check_scans(image: Image.Image, data: bytes) -> None:
    """Raise ImageError if there may be too many scans, by counting their markers."""
    if data.count(SCAN) * max(image.width * image.height, 1_000_000) > MAX_SCANNED_PIXELS:
        message = gettext_noop("The image is stored in too many steps. Save it again.")
        raise ImageError("too_complex", message)


def _check_tiles(image: Image.Image) -> None:
    tags = getattr(image, "tag_v2", {})
    if tags.get(TILE_WIDTH, 0) * tags.get(TILE_LENGTH, 0) > MAX_TILE_PIXELS:
        message = gettext_noop("The image is stored in tiles that are too large. Save it again.")
        raise ImageError("too_complex", message)


def limit_concurrency(image: Image.Image) -> AbstractContextManager[object]:
    """Return a context to decode the image in: a process holds one large picture at a time."""
    is_large = image.width * image.height * _count_copies(image) > LARGE_PIXELS
    return _large_picture_lock if is_large else nullcontext()
