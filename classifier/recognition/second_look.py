"""Decide between two readings of a picture, whose ink was found in two ways."""

from classifier.recognition.imaging import Page
from classifier.recognition.labels import Reason, Verdict
from classifier.recognition.reading import Reading, mark_unsure

MIN_SIDE = 64  # pixels of the shorter side; smaller pictures have no shadows or rules
MIN_GAIN = 0.03  # of the digits' mean certainty, by which an unsure second look is better
MIN_EVENNESS = 0.65  # of the brightest paper's light, the least on evenly lit paper


def is_needed(page: Page, reading: Reading) -> bool:
    """Return whether another look at the ink may improve the reading.

    It may not if all digits are certain on evenly lit paper.
    """
    if min(page.picture.pixels.shape[:2]) < MIN_SIDE:
        return False
    return reading.verdict != Verdict.DIGIT or page.ink.evenness < MIN_EVENNESS


def choose_reading(first: Reading, second: Reading) -> Reading:
    """Return the more certain of two readings, which is unsure if the other contradicts it.

    An uncertain second reading contradicts several digits only if it has another number of them,
    because remains of shadows look like digits beside the true ones.
    """
    if first.best_guess == second.best_guess:
        is_cut_off = any(digit.recognition.reason == Reason.CUT_OFF for digit in first.digits)
        return first if first.verdict == Verdict.DIGIT or is_cut_off else second
    if not second.digits:
        return first
    if first.verdict != Verdict.DIGIT and second.verdict != Verdict.DIGIT:
        gain = _measure_certainty(second) - _measure_certainty(first)
        return second if gain > MIN_GAIN else first
    if first.verdict != Verdict.DIGIT:
        return second
    if second.verdict == Verdict.DIGIT:
        return mark_unsure(second, Reason.LOW_CONFIDENCE)
    if len(first.digits) in (1, len(second.digits)):
        return first
    return mark_unsure(first, Reason.LOW_CONFIDENCE)


def _measure_certainty(reading: Reading) -> float:
    """Return the mean certainty of the digits, or 0 if there are none."""
    certainties = [digit.recognition.certainty for digit in reading.digits]
    return sum(certainties) / max(len(certainties), 1)
