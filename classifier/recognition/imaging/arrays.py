"""Types of the arrays that the stages of imaging pass on, and the bounds of a mask."""

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
