"""Turns an uploaded file into upright pixels, or into an error that says what is wrong."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from classifier.recognition.imaging import limits
from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.imaging.errors import DAMAGED, TAKEN, ImageError, gettext_noop
from classifier.recognition.imaging.limits import MIN_SIDE, BoundedReader
from classifier.recognition.imaging.reduce import reduced

# A digit a twentieth as tall as a photo still has the 40 pixels that segmenting wants.
LONG_SIDE = 1024
# JPEG halves cheaply while decoding, so a little under LONG_SIDE is worth accepting.
DRAFT_SIDE = 768
DARKEST_PART = 0.1

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # Pillow finds MPO through JPEG
_UNSUPPORTED_STARTS = {
    b"%PDF": "PDF",
    b"8BPS": "Photoshop",
    b"\x00\x00\x01\x00": "ICO",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
}
_UNSUPPORTED_BRANDS = {
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"hevc": "HEIC",
    b"mif1": "HEIC",
    b"msf1": "HEIC",
    b"avif": "AVIF",
    b"avis": "AVIF",
}
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
# What Pillow's readers let escape when a file's bytes make no sense.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError)
_DAMAGED = (*_BROKEN, OverflowError, struct.error, zlib.error)


@dataclass(frozen=True, eq=False)
class Picture:
    """Upright pixels, grey (h, w) or colour (h, w, 3), and the size before any reduction."""

    pixels: Pixels
    width: int
    height: int
    media_type: str


def decode(data: bytes) -> Picture:
    """The picture in `data`, upright, opaque and no larger than recognition needs."""
    if not data:
        message = gettext_noop("The file is empty. Send a %(taken)s.")
        raise ImageError("empty", message, taken=TAKEN)
    _refuse_unsupported(data)
    image = _open(data)
    limits.check(image, data)
    _check_frames(image)
    size = image.size
    media_type = MEDIA_TYPES[image.format or ""]
    try:
        with limits.turn(image):
            upright, turned = _load(image)
        pixels = _pixels(upright)
    except _DAMAGED as error:
        raise ImageError("damaged", DAMAGED) from error
    width, height = size[::-1] if turned else size
    return Picture(pixels, width, height, media_type)


def _refuse_unsupported(data: bytes) -> None:
    name = next((n for start, n in _UNSUPPORTED_STARTS.items() if data.startswith(start)), None)
    if data[4:8] == b"ftyp":
        name = _UNSUPPORTED_BRANDS.get(data[8:12])
    if b"<svg" in data[:1024].lower():
        name = "SVG"
    if name:
        message = gettext_noop("%(kind)s is not taken. Send a %(taken)s.")
        raise ImageError("unsupported_type", message, kind=name, taken=TAKEN)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(BoundedReader(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        if _looks_like_image(data):
            raise ImageError("damaged", DAMAGED) from error
        message = gettext_noop("The file is not an image. Send a %(taken)s.")
        raise ImageError("not_an_image", message, taken=TAKEN) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise limits.too_many_pixels() from error
    except _DAMAGED as error:
        raise ImageError("damaged", DAMAGED) from error


def _looks_like_image(data: bytes) -> bool:
    """Whether the file starts as a supported type does, though no reader takes the rest."""
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
    return data.startswith(starts) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _check_frames(image: Image.Image) -> None:
    """Refuses animations; phones store a preview or depth map as a JPEG's further frames."""
    try:
        several = getattr(image, "is_animated", False)
    except _DAMAGED as error:
        raise ImageError("damaged", DAMAGED) from error
    if several and image.format != "MPO":
        message = gettext_noop("The image is animated or has several pages. Send one picture.")
        raise ImageError("animated", message)


def _load(image: Image.Image) -> tuple[Image.Image, bool]:
    """The image decoded, reduced and upright, and whether that exchanged its sides."""
    image.draft(None, _fitted(image.size, DRAFT_SIDE))
    image.load()
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS
    image = reduced(image, _fitted(image.size, LONG_SIDE))
    ImageOps.exif_transpose(image, in_place=True)
    return image, turned


def _fitted(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """The size brought down to a long side, but of a strip not below MIN_SIDE across."""
    scale = min(1, max(long_side / max(size), MIN_SIDE / min(size)))
    return round(size[0] * scale), round(size[1] * scale)


def _pixels(image: Image.Image) -> Pixels:
    if image.mode == "RGBA":
        image = _on_paper(image)
    return np.asarray(image)


def _on_paper(image: Image.Image) -> Image.Image:
    """The visible part laid on whichever of white and black lets its ink be seen.

    What is visible is ink when most of the picture is transparent, and otherwise is paper.
    """
    alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    covered = float(alpha.mean())
    if covered == 1:
        return image.convert("RGB")
    grey = np.asarray(image.convert("L"), np.float32)
    # Dark ink may have edges that fade to the colour of a paper that is gone.
    part = DARKEST_PART if covered < 0.5 else 0.5
    visible = np.quantile(grey[alpha > 0.5], part) if (alpha > 0.5).any() else 0
    white = (visible < 128) == (covered < 0.5)
    paper = Image.new("RGBA", image.size, "white" if white else "black")
    return Image.alpha_composite(paper, image).convert("RGB")
