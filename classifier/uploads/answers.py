"""The answer to a picture: its verdict, digits, lines and confidence."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from django.utils.translation import gettext as _

from classifier.models import Prediction, Upload
from classifier.recognition.labels import DIGITS, Label, Reason, Verdict, combine_verdicts
from classifier.recognition.reading import Layout, ReadDigit, Reading
from classifier.recognition.recognizer import Recognition
from classifier.uploads import verdict_text

WIDE = 1.2  # width by height; a doubtful box that is wider may hold two digits
MAY_BE_TWO = (Reason.LOW_CONFIDENCE, Reason.UNLIKE_ANY_DIGIT)
OF_WHOLE_PICTURE = (Reason.CUT_OFF, Reason.MORE_WRITING, Reason.TOO_FAINT)
CLEAR = 0.99  # confidence of a digit that is doubtful only because its line is


@dataclass(frozen=True)
class DigitAnswer:
    """One digit; `confidence` and `probabilities` are 0 to 1, `box` is x, y, width, height.

    `id` is None if the digit is not stored.
    """

    id: UUID | None
    label: str
    verdict: str
    reason: str | None
    sentence: str | None
    best_guess: str
    confidence: float
    probabilities: dict[str, float]
    box: list[int]


@dataclass(frozen=True)
class LineAnswer:
    """One line of writing: its best guess, its box, and the positions of its digits, from 0."""

    text: str
    box: list[int]
    digits: list[int]


@dataclass(frozen=True)
class Answer:
    """The answer to a picture; with several digits, `label` and `best_guess` are the whole string.

    `sentence` explains the reason to a visitor; it is None if the verdict is `digit`.
    `confidence` is the probability that the whole answer is right. `left_out` are boxes of writing
    that no digit explains. A blank picture has no guess, confidence or probabilities.
    """

    id: UUID | None
    label: str
    verdict: str
    reason: str | None
    sentence: str | None
    best_guess: str | None
    confidence: float | None
    probabilities: dict[str, float] | None
    digits: list[DigitAnswer]
    lines: list[LineAnswer]
    left_out: list[list[int]]
    model: str | None


def load_answer(upload: Upload) -> Answer:
    return load_answers([upload])[0]


def load_answers(uploads: Sequence[Upload]) -> list[Answer]:
    """Return each upload's answer, by the newest prediction of each digit, in one query."""
    newest = (
        Prediction.objects.filter(image__upload__in=uploads, image__position__isnull=False)
        .order_by("image_id", "-id")
        .distinct("image_id")
        .with_model()
        .select_related("image")
    )
    predictions = defaultdict(list)
    for prediction in sorted(newest, key=lambda each: each.image.position or 0):
        predictions[prediction.image.upload_id].append(prediction)
    return [_build_stored_answer(upload, predictions[upload.pk]) for upload in uploads]


def _build_stored_answer(upload: Upload, predictions: list[Prediction]) -> Answer:
    digits = [
        _build_digit(each.image_id, each, each.by_digit, each.image.box or [0, 0, 0, 0])
        for each in predictions
    ]
    layout = Layout(upload.lines, upload.left_out, upload.confidence)
    return compose_answer(upload.pk, digits, layout, predictions[0].model.name if digits else None)


def build_answer(
    reading: Reading, model: str | None, id_: UUID | None = None, image_ids: Sequence[UUID] = ()
) -> Answer:
    """Return the answer to a picture that was just read; without ids it is not stored."""
    pairs = zip_longest(reading.digits, image_ids)
    digits = [build_digit(digit, image_id) for digit, image_id in pairs]
    return compose_answer(id_, digits, reading.layout, model)


def build_digit(digit: ReadDigit, image_id: UUID | None = None) -> DigitAnswer:
    """Return the answer to a digit that was just read; without an id it is not stored."""
    result = digit.recognition
    probabilities = dict(zip(DIGITS, result.probabilities.tolist(), strict=True))
    return _build_digit(image_id, result, probabilities, list(digit.box))


def _build_digit(
    id_: UUID | None,
    result: Prediction | Recognition,
    probabilities: dict[str, float],
    box: list[int],
) -> DigitAnswer:
    return DigitAnswer(
        id=id_,
        label=result.label,
        verdict=result.verdict,
        reason=result.reason or None,
        sentence=_describe_digit(result, probabilities, box),
        best_guess=result.best_guess,
        confidence=result.confidence,
        probabilities=probabilities,
        box=box,
    )


def _describe_digit(
    result: Prediction | Recognition, probabilities: dict[str, float], box: list[int]
) -> str | None:
    if result.reason in MAY_BE_TWO and box[2] > WIDE * box[3]:
        return _("Two digits may touch here. Leave a gap between them.")
    return verdict_text.describe_verdict(result.verdict, result.reason or "", probabilities)


def compose_answer(
    id_: UUID | None, digits: list[DigitAnswer], layout: Layout, model: str | None
) -> Answer:
    """Return one answer for the digits of a picture, which are in reading order."""
    verdict = combine_verdicts([digit.verdict for digit in digits])
    doubtful = _find_most_doubtful(digits, verdict)
    confidences = [digit.confidence for digit in digits]
    if layout.confidence is not None:
        confidences.append(layout.confidence)
    is_label = verdict == Verdict.DIGIT
    text = "".join(digit.best_guess for digit in digits)
    return Answer(
        id=id_,
        label=text if is_label else Label.UNKNOWN,
        verdict=verdict,
        reason=doubtful.reason if doubtful else None if is_label else Reason.BLANK,
        sentence=_describe(digits, verdict, doubtful),
        best_guess=text or None,
        confidence=min(confidences) if digits else None,
        probabilities=digits[0].probabilities if len(digits) == 1 else None,
        digits=digits,
        lines=_build_lines(digits, layout),
        left_out=layout.left_out,
        model=model,
    )


def _find_most_doubtful(digits: list[DigitAnswer], verdict: Verdict) -> DigitAnswer | None:
    """Return the digit whose reason explains the verdict on the whole, if one is in doubt."""
    doubtful = [digit for digit in digits if digit.verdict != Verdict.DIGIT]
    with_same_verdict = [digit for digit in doubtful if digit.verdict == verdict]
    return next(iter(with_same_verdict or doubtful), None)


def _describe(
    digits: list[DigitAnswer], verdict: Verdict, doubtful: DigitAnswer | None
) -> str | None:
    if not digits:
        return _("There is nothing written in this picture.")
    if doubtful is None:
        return None
    if len(digits) > 1 and verdict == Verdict.NOT_A_DIGIT:
        return _("This does not look like written digits.")
    if len(digits) == 1 or doubtful.reason in OF_WHOLE_PICTURE or not doubtful.sentence:
        return doubtful.sentence
    if doubtful.reason == Reason.LOW_CONFIDENCE and doubtful.confidence > CLEAR:
        return _("Each digit is clear, but one may be missing, or there may be one too many.")
    return _("Digit %(place)s of %(count)s: %(sentence)s") % {
        "place": digits.index(doubtful) + 1,
        "count": len(digits),
        "sentence": doubtful.sentence,
    }


def _build_lines(digits: list[DigitAnswer], layout: Layout) -> list[LineAnswer]:
    lines, start = [], 0
    for box, count in layout.lines:
        positions = [*range(start, start + count)]
        text = "".join(digits[position].best_guess for position in positions)
        lines.append(LineAnswer(text, box, positions))
        start += count
    return lines
