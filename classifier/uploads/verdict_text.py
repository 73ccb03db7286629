"""Sentences that explain a verdict to visitors, in their language."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier.recognition.labels import Reason, Verdict

MAY_BE_ANOTHER_SIGN = gettext_noop(
    "This may be a letter or a drawing. If it is a digit, it is most likely %(first)s."
)
SENTENCES: Mapping[str, str] = {
    Reason.LOW_CONFIDENCE: gettext_noop("This could be %(first)s or %(second)s."),
    Reason.ANOTHER_SIGN: gettext_noop(
        "This looks like a letter, a drawing or a photo rather than a digit. "
        "If it is a digit, it is most likely %(first)s."
    ),
    Reason.UNLIKE_ANY_DIGIT: gettext_noop(
        "This is unlike the digits that the model was trained on. "
        "If it is a digit, it is most likely %(first)s."
    ),
    Reason.MORE_WRITING: gettext_noop(
        "There is more writing here than the model can read. Crop the picture to it."
    ),
    Reason.CUT_OFF: gettext_noop("Part of the writing is cut off. Leave some space around it."),
    Reason.TOO_FAINT: gettext_noop(
        "The writing is too faint to be sure. Use a darker pen or more light."
    ),
}


def describe_verdict(verdict: str, reason: str, probabilities: Mapping[str, float]) -> str | None:
    """Explain the verdict on one digit, or return None for `digit`, which needs no reason."""
    if verdict == Verdict.DIGIT or reason not in SENTENCES:
        return None
    is_unsure_sign = (verdict, reason) == (Verdict.UNSURE, Reason.ANOTHER_SIGN)
    sentence = MAY_BE_ANOTHER_SIGN if is_unsure_sign else SENTENCES[reason]
    first, second = sorted(probabilities, key=lambda digit: -probabilities[digit])[:2]
    return _(sentence) % {"first": _add_article(first), "second": _add_article(second)}


def _add_article(digit: str) -> str:
    # Translators: the digit with its article, in the nominative, as in "This could be an 8."
    return _("an 8") if digit == "8" else _("a %(digit)s") % {"digit": digit}
