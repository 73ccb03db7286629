"""The words that models, recogniser, API and templates share."""

from collections.abc import Sequence
from enum import StrEnum

DIGITS = "0123456789"


class Label(StrEnum):
    """What an image is of, as a person or a model says it, where it is not a digit's character."""

    UNKNOWN = "unknown"
    NOT_A_DIGIT = "not_a_digit"


KNOWN_LABELS = (*DIGITS, Label.NOT_A_DIGIT.value)
LABELS = (*KNOWN_LABELS, Label.UNKNOWN.value)
CLAIMS = ("digits", "strings")  # of certificates


class Verdict(StrEnum):
    DIGIT = "digit"
    UNSURE = "unsure"
    NOT_A_DIGIT = "not_a_digit"


def combine_verdicts(verdicts: Sequence[str]) -> Verdict:
    """Return the verdict on a picture, from those on its digits; without digits it is not a digit.

    One doubtful digit makes the whole doubtful. Most pieces of a photo are no digits, though a few
    may look like one.
    """
    if verdicts and all(verdict == Verdict.DIGIT for verdict in verdicts):
        return Verdict.DIGIT
    is_mostly_other = 2 * verdicts.count(Verdict.NOT_A_DIGIT) > len(verdicts)
    return Verdict.NOT_A_DIGIT if is_mostly_other or not verdicts else Verdict.UNSURE


class Reason(StrEnum):
    """Why a verdict is not `digit`; the last three are about the whole picture."""

    LOW_CONFIDENCE = "low_confidence"
    ANOTHER_SIGN = "another_sign"
    UNLIKE_ANY_DIGIT = "unlike_any_digit"
    BLANK = "blank"
    MORE_WRITING = "more_writing"
    CUT_OFF = "cut_off"
    TOO_FAINT = "too_faint"


class Scope(StrEnum):
    """What an API token may be used for, where its user may do it."""

    READ = "read"
    LABEL = "label"
    EXPORT = "export"
    IMPORT = "import"
    DELETE = "delete"
    TRAIN = "train"
    PROMOTE = "promote"


class Event(StrEnum):
    """What webhooks are told of."""

    UPLOAD_UNSURE = "upload.unsure"
    LABEL_CREATED = "label.created"
    MODEL_CANDIDATE = "model.candidate"
    MODEL_PROMOTED = "model.promoted"
    MODEL_ERROR_EXCEEDED = "model.error_exceeded"
    INPUT_DRIFTED = "input.drifted"
