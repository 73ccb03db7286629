"""Sentences that explain a verdict to visitors, in their language."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from classifier.recognition.labels import Reason, Verdict


def describe_blank() -> str:
    return _("There is nothing written in this picture.")


def describe_non_digits() -> str:
    return _("This does not look like written digits.")


def describe_verdict(verdict: str, reason: str, probabilities: Mapping[str, float]) -> str | None:
    """Explain the verdict on one digit, or return None for `digit`, which needs no reason."""
    if verdict == Verdict.DIGIT:
        return None
    first, second = sorted(probabilities, key=lambda digit: -probabilities[digit])[:2]
    nearest = {"first": _add_article(first), "second": _add_article(second)}
    match reason:
        case Reason.LOW_CONFIDENCE:
            return _("This could be %(first)s or %(second)s.") % nearest
        case Reason.ANOTHER_SIGN if verdict == Verdict.UNSURE:
            sentence = _(
                "This may be a letter or a drawing. If it is a digit, it is most likely %(first)s."
            )
        case Reason.ANOTHER_SIGN:
            sentence = _(
                "This looks like a letter, a drawing or a photo rather than a digit. "
                "If it is a digit, it is most likely %(first)s."
            )
        case Reason.UNLIKE_ANY_DIGIT:
            sentence = _(
                "This is unlike the digits that the model was trained on. "
                "If it is a digit, it is most likely %(first)s."
            )
        case Reason.MORE_WRITING:
            return _("There is more writing here than the model can read. Crop the picture to it.")
        case Reason.CUT_OFF:
            return _("Part of the writing is cut off. Leave some space around it.")
        case Reason.TOO_FAINT:
            return _("The writing is too faint to be sure. Use a darker pen or more light.")
        case _other:
            return None
    return sentence % nearest


def describe_touching() -> str:
    return _("Two digits may touch here. Leave a gap between them.")


def describe_one_of_several(place: int, count: int, sentence: str) -> str:
    """Name the digit at `place`, from 1, that a sentence is about."""
    values = {"place": place, "count": count, "sentence": sentence}
    return _("Digit %(place)s of %(count)s: %(sentence)s") % values


def _add_article(digit: str) -> str:
    # Translators: the digit with its article, in the nominative, as in "This could be an 8."
    return _("an 8") if digit == "8" else _("a %(digit)s") % {"digit": digit}
