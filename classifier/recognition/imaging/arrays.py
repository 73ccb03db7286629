"""Types of the arrays that the stages of imaging pass on, and measures of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # as decoded, 0 to 255
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
Ints = NDArray[np.intp]


def find_bounds(mask: Mask) -> tuple[slice, slice]:
    """Return the rows and columns that hold the true pixels; there must be at least one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def compute_median(values: NDArray[Any]) -> float:
    """Return what np.median does, five times faster for few values without NaNs."""
    low, high = (values.size - 1) // 2, values.size // 2
    return float(np.partition(values, (low, high), axis=None)[low : high + 1].mean())


def compute_percentiles(values: Grey, shares: tuple[float, ...]) -> list[float]:
    """Return what np.percentile does, four times faster for few values without NaNs."""
    places = [(values.size - 1) * (share / 100) for share in shares]
    bounds = [(int(place), min(int(place) + 1, values.size - 1)) for place in places]
    ordered = np.partition(values, sorted({each for both in bounds for each in both}), axis=None)
    percentiles = []
    for place, (low, high) in zip(places, bounds, strict=True):
        part, step = place - low, float(ordered[high] - ordered[low])
        percentiles.append(
            float(ordered[low]) + step * part
            if part < 0.5
            else float(ordered[high]) - step * (1 - part)
        )
    return percentiles
