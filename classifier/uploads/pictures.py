"""Stored pixels and files rendered as pictures for a browser."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from classifier.models import Upload
from classifier.recognition import imaging
from classifier.recognition.occlusion import PATCH, Focus

# Each pixel is enlarged to 8×8, which makes outlines thin and lets colours blend.
SCALE = 8
# Two hues that the colour-blind can tell apart. The larger the weight, the darker the pixel.
FOR, AGAINST = (179, 64, 0), (8, 69, 148)
NEUTRAL, PAPER, OUTLINE = (176, 176, 176), (255, 255, 255), (60, 60, 60)
PAPER_TINT = 0.3
# In log-odds: if no weight exceeds this, the picture stays pale.
FAINT = 1.0

Floats = NDArray[np.float64]


def render_pixels(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels, in which ink is 255, as a PNG with dark ink on light paper."""
    return _encode(Image.fromarray(255 - pixels), "PNG")


def render_focus(focus: Focus) -> bytes:
    """Return the image as a PNG: orange where it supports the guess, blue where it speaks against.

    A square marks the patch that counts most.
    """
    ink = _enlarge(focus.image / 255, Image.Resampling.NEAREST)[..., np.newaxis]
    scaled = focus.weight / max(np.abs(focus.weight).max(), FAINT)
    weight = _enlarge(scaled, Image.Resampling.BILINEAR)[..., np.newaxis]
    hue = np.where(weight > 0, np.array(FOR), np.array(AGAINST))
    strength = np.clip(np.abs(weight), 0, 1)
    paper = _mix(np.array(PAPER), hue, PAPER_TINT * strength)
    pixels = _mix(paper, _mix(np.array(NEUTRAL), hue, strength), ink)
    picture = Image.fromarray(np.round(pixels).astype(np.uint8))
    top, left = (SCALE * start for start in focus.patch)
    side = SCALE * PATCH - 1
    ImageDraw.Draw(picture).rectangle(
        (left, top, left + side, top + side), outline=OUTLINE, width=2
    )
    return _encode(picture, "PNG")


def _enlarge(values: Floats, resampling: Image.Resampling) -> Floats:
    small = Image.fromarray(values.astype(np.float32))
    return np.asarray(small.resize((28 * SCALE, 28 * SCALE), resampling), np.float64)


def _mix(start: NDArray[Any], end: NDArray[Any], share: Floats) -> Floats:
    return np.asarray(start * (1 - share) + end * share)


def render_upload(upload: Upload) -> bytes:
    """Return the upload as a JPEG: upright, reduced, and without the metadata of the original."""
    with upload.file.open() as file:
        pixels = imaging.decode(file.read()).pixels
    return _encode(Image.fromarray(pixels).convert("RGB"), "JPEG")


def _encode(picture: Image.Image, image_format: str) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, image_format)
    return buffer.getvalue()
