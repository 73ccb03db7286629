"""Decode an uploaded file to upright pixels, or explain what is wrong with it."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import AvifImagePlugin, ExifTags, Image, ImageOps, UnidentifiedImageError

from classifier.recognition.imaging import limits
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.imaging.errors import DAMAGED, FORMATS, ImageError, gettext_noop
from classifier.recognition.imaging.heic import open_heic
from classifier.recognition.imaging.limits import MIN_SIDE, BoundedReader
from classifier.recognition.imaging.reduce import reduce_image

# A digit a twentieth as tall as a photo still has the 40 pixels that segmentation needs.
LONG_SIDE = 1024
# JPEG halves cheaply while it decodes, so a little less than LONG_SIDE is acceptable.
DRAFT_SIDE = 768
DARKEST_SHARE = 0.1

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "PPM": "image/heic",  # as `open_heic` returns it
}
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")  # Pillow finds MPO through JPEG
_UNSUPPORTED_STARTS = {
    b"%PDF": "PDF",
    b"8BPS": "Photoshop",
    b"\x00\x00\x01\x00": "ICO",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # as other decoders, so that one file takes one core
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
# Pillow's readers raise these for damaged files.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class Picture:
    """Upright pixels, grey (h, w) or colour (h, w, 3), and the size before any reduction."""

    pixels: Pixels
    width: int
    height: int
    media_type: str

    @classmethod
    def from_array(cls, pixels: Pixels) -> "Picture":
        """Wrap upright pixels, grey (h, w) or colour (h, w, 3)."""
        height, width = pixels.shape[:2]
        return cls(pixels, width, height, "image/png")


def decode(data: bytes) -> Picture:
    """Return the picture, upright, opaque and no larger than recognition needs.

    Raise ImageError if it can't be decoded.
    """
    if not data:
        message = gettext_noop("The file is empty. Send a %(formats)s.")
        raise ImageError("empty", message, formats=FORMATS)
    _reject_unsupported(data)
    image = open_heic(data) if _is_heic(data) else _open(data)
    limits.check_limits(image, data)
    _check_frames(image)
    size = image.info.get("original_size", image.size)
    media_type = MEDIA_TYPES[image.format or ""]
    try:
        with limits.limit_concurrency(image):
            upright, is_turned = _load(image)
            pixels = np.asarray(_flatten(upright) if upright.mode == "RGBA" else upright)
    except _DECODING_ERRORS as error:
        raise ImageError("damaged", DAMAGED) from error
    width, height = size[::-1] if is_turned else size
    return Picture(pixels, width, height, media_type)


def _reject_unsupported(data: bytes) -> None:
    name = next((n for start, n in _UNSUPPORTED_STARTS.items() if data.startswith(start)), None)
    if b"<svg" in data[:1024].lower():
        name = "SVG"
    if name:
        message = gettext_noop("%(kind)s is not accepted. Send a %(formats)s.")
        raise ImageError("unsupported_type", message, kind=name, formats=FORMATS)


def _is_heic(data: bytes) -> bool:
    return bool(set(_list_brands(data)[:1]) & _HEIC_BRANDS) and not _is_avif(data)


def _is_avif(data: bytes) -> bool:
    return not _AVIF_BRANDS.isdisjoint(_list_brands(data))


def _list_brands(data: bytes) -> list[bytes]:
    """Return the brands in the first box of an ISO media file, none for any other file."""
    if data[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(data[:4]), 256)
    return [data[start : start + 4] for start in (8, *range(16, end, 4))]


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(BoundedReader(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        if _has_image_signature(data):
            raise ImageError("damaged", DAMAGED) from error
        message = gettext_noop("The file is not an image. Send a %(formats)s.")
        raise ImageError("not_an_image", message, formats=FORMATS) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise limits.build_too_many_pixels_error() from error
    except _DECODING_ERRORS as error:
        raise ImageError("damaged", DAMAGED) from error


def _has_image_signature(data: bytes) -> bool:
    """Return whether the file starts like one of a supported type."""
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return data.startswith(starts) or is_webp or _is_avif(data)


def _check_frames(image: Image.Image) -> None:
    """Raise ImageError for animations, but accept the previews and depth maps of phones (MPO)."""
    try:
        is_animated = getattr(image, "is_animated", False)
    except _DECODING_ERRORS as error:
        raise ImageError("damaged", DAMAGED) from error
    if is_animated and image.format != "MPO":
        message = gettext_noop("The image is animated or has several pages. Send one picture.")
        raise ImageError("animated", message)


def _load(image: Image.Image) -> tuple[Image.Image, bool]:
    """Return the image, reduced and upright, and whether turning it swapped its sides."""
    image.draft(None, _fit_size(image.size, DRAFT_SIDE))
    image.load()
    is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS
    image = reduce_image(image, _fit_size(image.size, LONG_SIDE))
    ImageOps.exif_transpose(image, in_place=True)
    return image, is_turned


def _fit_size(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Return the size reduced to a long side, but no side of a strip below MIN_SIDE."""
    scale = min(1, max(long_side / max(size), MIN_SIDE / min(size)))
    return round(size[0] * scale), round(size[1] * scale)


def _flatten(image: Image.Image) -> Image.Image:
    """Lay the visible part on white or black, in contrast to its ink.

    The visible part is ink if most of the picture is transparent, and otherwise paper.
    """
    alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    covered = float(alpha.mean())
    if covered == 1:
        return image.convert("RGB")
    grey = np.asarray(image.convert("L"), np.float32)
    # Edges of dark ink may have the light colour of a paper that was removed.
    share = DARKEST_SHARE if covered < 0.5 else 0.5
    visible = np.quantile(grey[alpha > 0.5], share) if (alpha > 0.5).any() else 0
    white = (visible < 128) == (covered < 0.5)
    paper = Image.new("RGBA", image.size, "white" if white else "black")
    return Image.alpha_composite(paper, image).convert("RGB")
