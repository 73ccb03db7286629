"""Grey morphology: dilation, closing, and growth by fractions of a pixel."""

from typing import TypeVar

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Mask, Pixels

AnyArray = TypeVar("AnyArray", Grey, Mask, Pixels)


def dilate_square(image: AnyArray, size: int) -> AnyArray:
    """Return the greatest value in the window of odd `size` around each pixel."""
    half = size // 2
    for axis in (0, 1):
        wide = _pad_edges(image, half, axis).swapaxes(0, axis)
        reach = 1
        while reach < 2 * half + 1:
            step = min(reach, 2 * half + 1 - reach)
            wide = np.maximum(wide[step:], wide[:-step])
            reach += step
        image = wide.swapaxes(0, axis)
    return image


def _pad_edges(image: AnyArray, by: int, axis: int) -> AnyArray:
    """Pad by repeating the edges, faster than np.pad for small pictures."""
    first, last = image.take([0], axis=axis), image.take([-1], axis=axis)
    return np.concatenate((first.repeat(by, axis), image, last.repeat(by, axis)), axis)


def reduce_by_max(image: AnyArray, size: tuple[int, int]) -> AnyArray:
    """Reduce the image to the greatest value of each block of `size` (height, width)."""
    for axis in (0, 1):
        starts = np.arange(0, image.shape[axis], size[axis])
        image = np.maximum.reduceat(image, starts, axis=axis)
    return image


def close_square(image: Pixels, size: int) -> Pixels:
    """Fill dark detail narrower than the window up to its surroundings."""
    filled: Pixels = ~dilate_square(~dilate_square(image, size), size)
    return filled


def grow(ink: Grey, radius: float) -> Grey:
    """Dilate the ink by a disc, or erode it if the radius is negative; blend for fractions."""
    if radius < 0:
        return 1 - _dilate_disc(1 - ink, -radius)
    return _dilate_disc(ink, radius)


def _dilate_disc(ink: Grey, radius: float) -> Grey:
    """Alternate crosses and squares, which make an octagon close to a disc."""
    for step in range(int(radius)):
        ink = _dilate_cross(ink) if step % 2 == 0 else dilate_square(ink, 3)
    return ink + (radius - int(radius)) * (_dilate_cross(ink) - ink)


def _dilate_cross(ink: Grey) -> Grey:
    padded = _pad_edges(_pad_edges(ink, 1, 0), 1, 1)
    across = np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
    down = np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1])
    return np.maximum(ink, np.maximum(across, down))
