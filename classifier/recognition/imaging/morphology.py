"""Grey morphology: dilation, closing, and growth by fractions of a pixel."""

from typing import TypeVar

import numpy as np

from classifier.recognition.imaging.arrays import Grey, Mask, Pixels

AnyArray = TypeVar("AnyArray", Grey, Mask, Pixels)


def dilate_square(image: AnyArray, size: int) -> AnyArray:
    """Return the greatest value in the window of odd `size` around each pixel."""
    height, width = image.shape
    half = size // 2
    down = _find_running_max(pad_edges(image, half, 0), width, 2 * half + 1)
    wide = pad_edges(down[: height * width].reshape(height, width), half, 1)
    across = _find_running_max(wide, 1, 2 * half + 1)
    # Windows that cross the end of a row start in its padding, which this view leaves out.
    stride = wide.shape[1] * wide.itemsize
    return np.ndarray(image.shape, image.dtype, across, strides=(stride, wide.itemsize))


def _find_running_max(image: AnyArray, stride: int, count: int) -> AnyArray:
    """Return the greatest of `count` values that are `stride` apart, from each in a flat array."""
    flat: AnyArray = image.ravel()
    reach = 1
    while reach < count:
        step = min(reach, count - reach)
        flat = np.maximum(flat[step * stride :], flat[: -step * stride])
        reach += step
    return flat


def pad_edges(image: AnyArray, by: int, axis: int) -> AnyArray:
    """Pad by repeating the edges, faster than np.pad for small pictures."""
    if not by:
        return image
    height, width = image.shape
    if axis == 0:
        padded = np.empty((height + 2 * by, width), image.dtype)
        padded[:by], padded[by:-by], padded[-by:] = image[0], image, image[-1]
    else:
        padded = np.empty((height, width + 2 * by), image.dtype)
        padded[:, :by], padded[:, by:-by], padded[:, -by:] = image[:, :1], image, image[:, -1:]
    return padded


def reduce_by_max(image: AnyArray, size: tuple[int, int]) -> AnyArray:
    """Reduce the image to the greatest value of each block of `size` (height, width)."""
    for axis in (0, 1):
        rows = image.swapaxes(0, axis)
        reduced = rows[:: size[axis]].copy()
        for offset in range(1, size[axis]):
            part = rows[offset :: size[axis]]
            np.maximum(reduced[: len(part)], part, out=reduced[: len(part)])
        image = reduced.swapaxes(0, axis)
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
    padded = pad_edges(pad_edges(ink, 1, 0), 1, 1)
    across = np.maximum(padded[1:-1, :-2], padded[1:-1, 2:])
    down = np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1])
    return np.maximum(ink, np.maximum(across, down))
