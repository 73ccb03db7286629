"""Forms of digits and letters as strokes, from forms.json.

A form is a sign and its strokes, as corners and turning points on a field 10 wide and 16 high, y
downwards. `schools` are digits as schools outside the United States teach them, `habits` those that
are common in Europe and Latin America. `held_out` are used in calibration but not in training,
because people's lines also have forms that are missing here. `letters` are printed by hand, without
those that may look like a digit.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from training.data.pen import Stroke

FILE = Path(__file__).with_suffix(".json")

Kind = Literal["schools", "habits", "held_out", "letters"]


@cache
def list_forms(kind: Kind) -> list[tuple[Any, list[Stroke]]]:
    forms = json.loads(FILE.read_text())[kind]
    return [(sign, [np.array(points, float) for points in strokes]) for sign, strokes in forms]
