"""Types of the arrays that the stages of imaging pass on."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # as decoded, 0 to 255
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
Ints = NDArray[np.intp]
