"""Why a verdict is not `digit`, in sentences that a visitor understands."""

from collections.abc import Mapping

from classifier.vocabulary import Reason, Verdict

BLANK = "There is nothing written in this picture."
MOSTLY_NOT_DIGITS = "This does not look like written digits."


def of_digit(verdict: str, reason: str, probabilities: Mapping[str, float]) -> str | None:
    """None where the verdict is `digit`, which needs no reason."""
    first, second = sorted(probabilities, key=lambda digit: -probabilities[digit])[:2]
    nearest = f"if it is a digit, it is nearest to {_a(first)}."
    match reason:
        case Reason.LOW_CONFIDENCE:
            return f"This could be {_a(first)} or {_a(second)}."
        case Reason.ANOTHER_SIGN if verdict == Verdict.UNSURE:
            return f"This may be a letter or a drawing; {nearest}"
        case Reason.ANOTHER_SIGN:
            return f"This looks like a letter, a drawing or a photo rather than a digit; {nearest}"
        case Reason.UNLIKE_ANY_DIGIT:
            return f"This is unlike the digits that the model has learnt; {nearest}"
    return None


def of_one_among(place: int, count: int, sentence: str) -> str:
    """Of the digit at `place`, from 1, among several."""
    return f"Number {place} of {count}: {sentence[0].lower()}{sentence[1:]}"


def _a(digit: str) -> str:
    return f"an {digit}" if digit == "8" else f"a {digit}"
