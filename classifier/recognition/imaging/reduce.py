"""Decoded pixels of any mode as eight bits, brought down to the size that recognition wants.

In bands: all of a large picture is there once, as it was decoded, and never a second time.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BILINEAR = Image.Resampling.BILINEAR
GAP = 1.5  # what is reduced by averaging stays so many times larger than what is asked for
BAND_PIXELS = 1_000_000

Prepare = Callable[[Image.Image], Image.Image]


def reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """In one of the modes L, RGB and RGBA, as Pillow would resize the whole."""
    prepare = _eight_bit(image)
    factor = int(image.width / size[0] / GAP) or 1, int(image.height / size[1] / GAP) or 1
    if factor == (1, 1):
        small = prepare(image)
        return small if small.size == size else small.resize(size, BILINEAR)
    small = _averaged(image, prepare, factor)
    box = (0, 0, image.width / factor[0], image.height / factor[1])
    resized = small.resize(size, BILINEAR, box)
    return resized.convert("RGBA") if resized.mode == "RGBa" else resized


def _averaged(image: Image.Image, prepare: Prepare, factor: tuple[int, int]) -> Image.Image:
    parts = [_premultiplied(prepare(band)).reduce(factor) for band in _bands(image, factor[1])]
    whole = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    whole.info = parts[0].info
    return whole


def _bands(image: Image.Image, multiple: int = 1) -> Iterator[Image.Image]:
    rows = multiple * max(1, BAND_PIXELS // (image.width * multiple))
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _premultiplied(image: Image.Image) -> Image.Image:
    """So that what is transparent has no colour to mix into the rest."""
    return image.convert("RGBa") if image.mode == "RGBA" else image


def _eight_bit(image: Image.Image) -> Prepare:
    """What brings a band of it into L, RGB or RGBA; averaging palettes would mix indices."""
    if image.mode.startswith(("I", "F")):
        return _from_deep(image)
    if image.mode in ("L", "RGB", "RGBA"):
        return lambda band: band
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        mode = "RGBA"
    else:
        mode = "L" if image.mode == "1" else "RGB"
    return lambda band: band.convert(mode)


def _from_deep(image: Image.Image) -> Prepare:
    """Sixteen bits or more to eight, by the range in use, as sensors rarely fill theirs."""
    ranges = [(pixels.min(), pixels.max()) for pixels in map(_deep, _bands(image))]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)

    def shallow(band: Image.Image) -> Image.Image:
        scaled = (_deep(band) - low) * (255 / max(high - low, 1))
        prepared = Image.fromarray(scaled.astype(np.uint8))
        prepared.info = image.info
        return prepared

    return shallow


def _deep(band: Image.Image) -> NDArray[np.float64]:
    return np.asarray(band, np.float64)
