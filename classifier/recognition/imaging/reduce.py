"""Convert decoded pixels of any mode to eight bits, and reduce them.

This works in bands, so that memory holds no second copy of a large picture.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BILINEAR = Image.Resampling.BILINEAR
GAP = 1.5  # averaging leaves a picture this many times larger than its final size
BAND_PIXELS = 1_000_000

Prepare = Callable[[Image.Image], Image.Image]


def reduce_image(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the image at another size, as L, RGB or RGBA, like Pillow with a reducing gap."""
    prepare = _choose_conversion(image)
    factor = int(image.width / size[0] / GAP) or 1, int(image.height / size[1] / GAP) or 1
    if factor == (1, 1):
        small = prepare(image)
        return small if small.size == size else small.resize(size, BILINEAR)
    small = _reduce_in_bands(image, prepare, factor)
    box = (0, 0, image.width / factor[0], image.height / factor[1])
    resized = small.resize(size, BILINEAR, box)
    return resized.convert("RGBA") if resized.mode == "RGBa" else resized


def _reduce_in_bands(image: Image.Image, prepare: Prepare, factor: tuple[int, int]) -> Image.Image:
    bands = _iterate_bands(image, factor[1])
    parts = [_premultiply(prepare(band)).reduce(factor) for band in bands]
    whole = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    whole.info = parts[0].info
    return whole


def _iterate_bands(image: Image.Image, multiple: int = 1) -> Iterator[Image.Image]:
    rows = multiple * max(1, BAND_PIXELS // (image.width * multiple))
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _premultiply(image: Image.Image) -> Image.Image:
    """Remove the colour of transparent pixels, which averaging would mix into others."""
    return image.convert("RGBa") if image.mode == "RGBA" else image


def _choose_conversion(image: Image.Image) -> Prepare:
    """Return a function that converts a band of the image to L, RGB or RGBA."""
    if image.mode.startswith(("I", "F")):
        return _choose_deep_conversion(image)
    if image.mode in ("L", "RGB", "RGBA"):
        return lambda band: band
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        mode = "RGBA"
    else:
        mode = "L" if image.mode == "1" else "RGB"
    return lambda band: band.convert(mode)


def _choose_deep_conversion(image: Image.Image) -> Prepare:
    """Return a function that scales 16 bits or more to eight.

    It scales by the range in use, because sensors rarely use all of theirs.
    """
    ranges = [(pixels.min(), pixels.max()) for pixels in map(_read_deep, _iterate_bands(image))]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)

    def convert(band: Image.Image) -> Image.Image:
        scaled = (_read_deep(band) - low) * (255 / max(high - low, 1))
        prepared = Image.fromarray(scaled.astype(np.uint8))
        prepared.info = image.info
        return prepared

    return convert


def _read_deep(band: Image.Image) -> NDArray[np.float64]:
    return np.asarray(band, np.float64)
