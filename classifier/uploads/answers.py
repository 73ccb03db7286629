"""What is said to whoever sent a picture: one answer over all the digits in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from classifier.models import Prediction, Upload
from classifier.recognition.labels import DIGITS, Label, Reason, Verdict, combine_verdicts
from classifier.recognition.layout import Layout
from classifier.recognition.reader import Reading
from classifier.recognition.recognizer import Recognition
from classifier.uploads import verdict_text


@dataclass(frozen=True)
class DigitAnswer:
    """One digit; `confidence` and `probabilities` are 0 to 1, `box` is x, y, width, height.

    Without an id it is not stored.
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
    """One line of writing: its best guess, its box, and the places of its digits, from 0."""

    text: str
    box: list[int]
    digits: list[int]


@dataclass(frozen=True)
class Answer:
    """The answer to a picture: with one digit these are that digit's; with several, `label` is the
    whole string.

    `sentence` is the reason, for a visitor; there is none where the verdict is `digit`.
    `confidence` is the probability that all of it is right. `left_out` are boxes of writing that
    no digit explains. Without any digit (a blank picture) there is no guess, confidence,
    probability or model.
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
    """As `of_uploads`."""
    return load_answers([upload])[0]


def load_answers(uploads: Sequence[Upload]) -> list[Answer]:
    """By the newest prediction of each of their digits; takes one query."""
    newest = (
        Prediction.objects.filter(image__upload__in=uploads)
        .order_by("image_id", "-id")
        .distinct("image_id")
        .with_model()
        .select_related("image")
    )
    of_each = defaultdict(list)
    for found in sorted(newest, key=lambda found: found.image.position):
        of_each[found.image.upload_id].append(found)
    return [build_answer(upload, of_each[upload.pk]) for upload in uploads]


def build_answer(upload: Upload, predictions: list[Prediction]) -> Answer:
    """`predictions` are one a digit, in reading order, with image and model loaded."""
    digits = [_stored_digit(prediction) for prediction in predictions]
    layout = Layout(upload.lines, upload.left_out, upload.confidence)
    return compose_answer(
        upload.pk, digits, layout, predictions[0].model.name if predictions else None
    )


def build_preview_answer(reading: Reading, model: str) -> Answer:
    """Return the answer to a picture that is not stored."""
    digits = [_digit(digit.box, digit.recognition) for digit in reading.digits]
    return compose_answer(None, digits, Layout.from_reading(reading), model)


def compose_answer(
    id_: UUID | None, digits: list[DigitAnswer], layout: Layout, model: str | None
) -> Answer:
    """Return one answer over digits in reading order; none of them means a blank picture."""
    if not digits:
        return _blank(id_, layout, model)
    verdict = combine_verdicts([digit.verdict for digit in digits])
    told = _told(digits, verdict)
    return Answer(
        id=id_,
        label="".join(digit.label for digit in digits) if told is None else Label.UNKNOWN,
        verdict=verdict,
        reason=told.reason if told else None,
        sentence=_sentence(told, digits, verdict) if told else None,
        best_guess="".join(digit.best_guess for digit in digits),
        confidence=min([digit.confidence for digit in digits] + layout.confidences),
        probabilities=digits[0].probabilities if len(digits) == 1 else None,
        digits=digits,
        lines=_lines(digits, layout),
        left_out=layout.left_out,
        model=model,
    )


def _lines(digits: list[DigitAnswer], layout: Layout) -> list[LineAnswer]:
    lines, start = [], 0
    for box, count in layout.lines:
        places = [*range(start, start + count)]
        text = "".join(digits[place].best_guess for place in places)
        lines.append(LineAnswer(text, box, places))
        start += count
    return lines


def _blank(id_: UUID | None, layout: Layout, model: str | None) -> Answer:
    return Answer(
        id=id_,
        label=Label.UNKNOWN,
        verdict=Verdict.NOT_A_DIGIT,
        reason=Reason.BLANK,
        sentence=verdict_text.describe_blank(),
        best_guess=None,
        confidence=None,
        probabilities=None,
        digits=[],
        lines=[],
        left_out=layout.left_out,
        model=model,
    )


def _told(digits: list[DigitAnswer], verdict: Verdict) -> DigitAnswer | None:
    """The digit by which the whole is explained, if it needs to be."""
    doubted = [digit for digit in digits if digit.verdict != Verdict.DIGIT]
    alike = [digit for digit in doubted if digit.verdict == verdict]
    return next(iter(alike or doubted), None)


def _sentence(told: DigitAnswer, digits: list[DigitAnswer], verdict: Verdict) -> str | None:
    if len(digits) > 1 and verdict == Verdict.NOT_A_DIGIT:
        return verdict_text.describe_non_digits()
    if len(digits) == 1 or not told.sentence:
        return told.sentence
    return verdict_text.describe_one_of_several(digits.index(told) + 1, len(digits), told.sentence)


def _stored_digit(prediction: Prediction) -> DigitAnswer:
    return DigitAnswer(
        id=prediction.image_id,
        label=prediction.label,
        verdict=prediction.verdict,
        reason=prediction.reason or None,
        sentence=verdict_text.describe_verdict(
            prediction.verdict, prediction.reason, prediction.by_digit
        ),
        best_guess=prediction.best_guess,
        confidence=prediction.confidence,
        probabilities=prediction.by_digit,
        box=prediction.image.box or [],
    )


def _digit(box: tuple[int, int, int, int], found: Recognition) -> DigitAnswer:
    probabilities = dict(zip(DIGITS, found.probabilities.tolist(), strict=True))
    return DigitAnswer(
        id=None,
        label=found.label,
        verdict=found.verdict,
        reason=found.reason,
        sentence=verdict_text.describe_verdict(found.verdict, found.reason or "", probabilities),
        best_guess=found.best_guess,
        confidence=found.confidence,
        probabilities=probabilities,
        box=list(box),
    )
