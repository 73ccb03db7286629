"""Labels, verdicts, reasons and the other codes that the whole project shares."""

from collections.abc import Sequence
from enum import StrEnum

DIGITS = "0123456789"


class Label(StrEnum):
    """The labels besides the ten digits."""

    UNKNOWN = "unknown"
    NOT_A_DIGIT = "not_a_digit"


KNOWN_LABELS = (*DIGITS, Label.NOT_A_DIGIT.value)  # in the order of the model's classes
LABELS = (*KNOWN_LABELS, Label.UNKNOWN.value)
CLAIMS = ("digits", "strings")  # of certificates


class Verdict(StrEnum):
    DIGIT = "digit"
    UNSURE = "unsure"
    NOT_A_DIGIT = "not_a_digit"


def combine_verdicts(verdicts: Sequence[str]) -> Verdict:
    """Return the verdict on a picture with these verdicts on its digits.

    One unsure digit makes the picture unsure. If most are not digits, neither is the picture: some
    pieces of a photo may look like digits.
    """
    if 2 * verdicts.count(Verdict.NOT_A_DIGIT) > len(verdicts) or not verdicts:
        return Verdict.NOT_A_DIGIT
    is_certain = all(verdict == Verdict.DIGIT for verdict in verdicts)
    return Verdict.DIGIT if is_certain else Verdict.UNSURE


class Reason(StrEnum):
    """The reason for a verdict other than `digit`; the last four concern the whole picture."""

    LOW_CONFIDENCE = "low_confidence"
    ANOTHER_SIGN = "another_sign"
    UNLIKE_ANY_DIGIT = "unlike_any_digit"
    BLANK = "blank"
    MORE_WRITING = "more_writing"
    CUT_OFF = "cut_off"
    TOO_FAINT = "too_faint"


class Scope(StrEnum):
    """Permissions of an API token, within those of its user."""

    READ = "read"
    LABEL = "label"
    EXPORT = "export"
    IMPORT = "import"
    DELETE = "delete"
    TRAIN = "train"
    PROMOTE = "promote"


class Event(StrEnum):
    """Events that are published to webhooks."""

    UPLOAD_UNSURE = "upload.unsure"
    LABEL_CREATED = "label.created"
    MODEL_CANDIDATE = "model.candidate"
    MODEL_PROMOTED = "model.promoted"
    MODEL_ERROR_EXCEEDED = "model.error_exceeded"
    INPUT_DRIFTED = "input.drifted"
    DATA_DAMAGED = "data.damaged"
