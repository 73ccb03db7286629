"""From bytes to the ink of each digit as 28×28."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

VERSION = 1


class ImageError(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Picture:
    pixels: NDArray[np.uint8]
    width: int
    height: int
    media_type: str


@dataclass(frozen=True)
class Digit:
    pixels: NDArray[np.uint8]
    box: tuple[int, int, int, int]


def decode(data: bytes) -> Picture:
    if not data:
        raise ImageError("empty", "The file is empty.")
    try:
        im = Image.open(BytesIO(data))
        mt = im.get_format_mimetype() or ""
        im = ImageOps.exif_transpose(im).convert("L")
    except Exception as e:
        raise ImageError("not_an_image", "This is not an image.") from e
    return Picture(np.asarray(im), im.width, im.height, mt)


def find_digits(picture, debug=None) -> list[Digit]:
    g = picture.pixels.astype(np.float32)
    border = np.concatenate([g[0], g[-1], g[:, 0], g[:, -1]])
    ink = np.abs(g - np.median(border))
    if ink.max() < 30:
        return []
    mask = ink > ink.max() * 0.4
    ys, xs = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    y0, y1, x0, x1 = ys[0], ys[-1] + 1, xs[0], xs[-1] + 1
    crop = np.clip(ink * (255 / ink.max()), 0, 255).astype(np.uint8)[y0:y1, x0:x1]
    k = 20 / max(crop.shape)
    small = Image.fromarray(crop).resize(
        (max(1, round(crop.shape[1] * k)), max(1, round(crop.shape[0] * k))), Image.Resampling.BOX
    )
    a = np.asarray(small).astype(np.float32)
    cy = (a.sum(1) * np.arange(a.shape[0])).sum() / a.sum()
    cx = (a.sum(0) * np.arange(a.shape[1])).sum() / a.sum()
    out = np.zeros((28, 28), np.uint8)
    ty = int(np.clip(round(13.5 - cy), 0, 28 - a.shape[0]))
    tx = int(np.clip(round(13.5 - cx), 0, 28 - a.shape[1]))
    out[ty : ty + a.shape[0], tx : tx + a.shape[1]] = small
    return [Digit(out, (int(x0), int(y0), int(x1 - x0), int(y1 - y0)))]


def from_array(pixels: NDArray[np.uint8]) -> Picture:
    return Picture(pixels, pixels.shape[1], pixels.shape[0], "")


def preview(data: bytes) -> Image.Image:
    im = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
    im.thumbnail((800, 800))
    return im
