"""The kinds of array that imaging's stages hand on."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # as decoded, 0 to 255
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
Ints = NDArray[np.intp]
