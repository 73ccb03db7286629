"""Where a model looks: the image's parts are covered in turn, to see what each is worth to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.recognition.labels import DIGITS
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.uncertainty import Floats

SIDE = 28
PATCH, STEP = 7, 3
CERTAIN = 1e-6

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Focus:
    """What covering parts of a (28, 28) image does to its best guess (Zeiler & Fergus 2014).

    `weight` is (28, 28): by how much the log-odds of the best guess fall, on average, where that
    pixel is covered (the weight of evidence: Zintgraf et al. 2017); below 0 it speaks against it.
    `patch` is row and column of the PATCH × PATCH pixels that cost most: without them the best
    guess has the probability `left`, and `instead` is likelier, unless that is None.
    """

    image: Pixels
    best_guess: str
    confidence: float
    weight: Floats
    patch: tuple[int, int]
    left: float
    instead: str | None


def focus(recognizer: Recognizer, image: Pixels) -> Focus:
    """(28, 28), ink = 255. Takes a recognition for each place that has ink, about fifty."""
    places = [place for place in _places() if image[_part(place)].any()]
    found = recognizer.recognize([image, *(_without(image, place) for place in places)])
    probabilities = np.array([each.probabilities for each in found])
    guess = int(probabilities[0].argmax())
    evidence = _log_odds(probabilities[:, guess])
    worst = int(evidence.argmin())
    instead = DIGITS[int(probabilities[worst].argmax())]
    return Focus(
        image=image,
        best_guess=DIGITS[guess],
        confidence=float(probabilities[0, guess]),
        weight=_by_pixel(dict(zip(places, evidence[0] - evidence[1:], strict=True))),
        patch=places[worst - 1] if worst else (0, 0),
        left=float(probabilities[worst, guess]),
        instead=None if instead == DIGITS[guess] else instead,
    )


def _places() -> list[tuple[int, int]]:
    steps = range(0, SIDE - PATCH + 1, STEP)
    return [(row, column) for row in steps for column in steps]


def _part(place: tuple[int, int]) -> tuple[slice, slice]:
    row, column = place
    return slice(row, row + PATCH), slice(column, column + PATCH)


def _without(image: Pixels, place: tuple[int, int]) -> Pixels:
    """Covered with what is around a digit, which the model takes for no sign of anything."""
    covered = image.copy()
    covered[_part(place)] = 0
    return covered


def _log_odds(probabilities: Floats) -> Floats:
    """Unlike the probability, it still tells parts apart where the model is all but certain."""
    kept = np.clip(probabilities, CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(kept / (1 - kept)))


def _by_pixel(losses: dict[tuple[int, int], float]) -> Floats:
    """The mean over all places that cover a pixel; where there is no ink there is no loss."""
    total, count = np.zeros((2, SIDE, SIDE))
    for place in _places():
        total[_part(place)] += losses.get(place, 0)
        count[_part(place)] += 1
    return total / count
