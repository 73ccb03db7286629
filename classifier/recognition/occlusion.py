"""Occlusion: shows which parts of an image the model relies on."""

from dataclasses import dataclass

import numpy as np

from classifier.recognition.imaging.arrays import Pixels
from classifier.recognition.labels import DIGITS
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.uncertainty import Floats

SIDE = 28
PATCH, STEP = 7, 3
CERTAIN = 1e-6


@dataclass(frozen=True)
class Focus:
    """The effect of covering parts of a (28, 28) image on its best guess (Zeiler & Fergus 2014).

    `weight` (28, 28) is the mean loss in log-odds of the best guess when that pixel is covered (the
    weight of evidence: Zintgraf et al. 2017); it is negative where the pixel speaks against the
    guess. `patch` is the row and column of the PATCH × PATCH pixels that cost most: without them
    the best guess has the probability `confidence_without`, and `guess_without` is likelier, or
    None if the guess stays.
    """

    image: Pixels
    best_guess: str
    confidence: float
    weight: Floats
    patch: tuple[int, int]
    confidence_without: float
    guess_without: str | None


def find_focus(recognizer: Recognizer, image: Pixels) -> Focus:
    """Measure what each part of a (28, 28) image, ink = 255, contributes to its best guess.

    This takes about fifty recognitions, one for each patch that holds ink.
    """
    places = [place for place in _list_places() if image[_slice_patch(place)].any()]
    covered = [_cover(image, place) for place in places]
    recognitions = recognizer.recognize([image, *covered])
    probabilities = np.array([each.probabilities for each in recognitions])
    guess = int(probabilities[0].argmax())
    # Unlike probabilities, log-odds still differ where the model is nearly certain.
    clipped = np.clip(probabilities[:, guess], CERTAIN, 1 - CERTAIN)
    evidence = np.log(clipped / (1 - clipped))
    worst = int(evidence.argmin())
    guess_without = int(probabilities[worst].argmax())
    return Focus(
        image=image,
        best_guess=DIGITS[guess],
        confidence=float(probabilities[0, guess]),
        weight=_average_by_pixel(dict(zip(places, evidence[0] - evidence[1:], strict=True))),
        patch=places[worst - 1] if worst else (0, 0),
        confidence_without=float(probabilities[worst, guess]),
        guess_without=None if guess_without == guess else DIGITS[guess_without],
    )


def _list_places() -> list[tuple[int, int]]:
    steps = range(0, SIDE - PATCH + 1, STEP)
    return [(row, column) for row in steps for column in steps]


def _slice_patch(place: tuple[int, int]) -> tuple[slice, slice]:
    row, column = place
    return slice(row, row + PATCH), slice(column, column + PATCH)


def _cover(image: Pixels, place: tuple[int, int]) -> Pixels:
    """Return the image with background, which is evidence for nothing, in place of a patch."""
    covered = image.copy()
    covered[_slice_patch(place)] = 0
    return covered


def _average_by_pixel(losses: dict[tuple[int, int], float]) -> Floats:
    """Return the mean loss (28, 28) of the patches on each pixel; those without ink cost 0."""
    total, count = np.zeros((2, SIDE, SIDE))
    for place in _list_places():
        total[_slice_patch(place)] += losses.get(place, 0)
        count[_slice_patch(place)] += 1
    return total / count
