"""Stored pixels as pictures that a browser shows; visitors get nothing else of an upload."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from classifier.models import InputImage, Upload
from classifier.recognition import imaging
from classifier.recognition.occlusion import PATCH, Focus

# So many pixels to one of the 28: what is coloured runs smoothly, what is outlined has thin lines.
SCALE = 8
# The more a part counts the darker it is, whichever way, and whoever can't tell orange from blue
# still sees where; the two are told apart by all kinds of colour vision.
FOR, AGAINST = (179, 64, 0), (8, 69, 148)
LITTLE, PAPER, OUTLINE = (176, 176, 176), (255, 255, 255), (60, 60, 60)
PAPER_TINT = 0.3
# Log-odds: less than this is nothing to colour, even where there is nothing else.
FAINT = 1.0

Floats = NDArray[np.float64]


def render_image(image: InputImage) -> bytes:
    """What the model saw."""
    return render_pixels(np.frombuffer(image.pixels, np.uint8).reshape(28, 28))


def render_pixels(pixels: NDArray[np.uint8]) -> bytes:
    """Ink, which is 255, dark on light."""
    return _encoded(Image.fromarray(255 - pixels), "PNG")


def render_focus(found: Focus) -> bytes:
    """What the model saw, orange where it speaks for its guess and blue where it speaks against."""
    ink = _enlarged(found.image / 255, smooth=False)
    weight = _enlarged(found.weight / max(np.abs(found.weight).max(), FAINT), smooth=True)
    hue = np.where(weight[..., np.newaxis] > 0, np.array(FOR), np.array(AGAINST))
    strength = np.clip(np.abs(weight), 0, 1)[..., np.newaxis]
    drawn = _mixed(
        _mixed(np.array(PAPER), hue, PAPER_TINT * strength),
        _mixed(np.array(LITTLE), hue, strength),
        ink[..., np.newaxis],
    )
    picture = Image.fromarray(np.round(drawn).astype(np.uint8))
    top, left = (SCALE * place for place in found.patch)
    corner = SCALE * PATCH - 1
    ImageDraw.Draw(picture).rectangle(
        (left, top, left + corner, top + corner), outline=OUTLINE, width=2
    )
    return _encoded(picture, "PNG")


def _enlarged(values: Floats, smooth: bool) -> Floats:
    way = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    small = Image.fromarray(values.astype(np.float32))
    return np.asarray(small.resize((28 * SCALE, 28 * SCALE), way), np.float64)


def _mixed(one: NDArray[Any], other: NDArray[Any], share: Floats) -> Floats:
    return np.asarray(one * (1 - share) + other * share)


def render_upload(upload: Upload) -> bytes:
    """The original of any format, upright and reduced, as a JPEG without its metadata."""
    with upload.file.open() as file:
        pixels = imaging.decode(file.read()).pixels
    return _encoded(Image.fromarray(pixels).convert("RGB"), "JPEG")


def _encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()
