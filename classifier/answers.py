"""What is said to whoever sent a picture: one answer over all the digits in it."""

from dataclasses import dataclass
from uuid import UUID

from classifier import imaging
from classifier.models import Prediction, Upload
from classifier.recognizer import Recognition
from classifier.vocabulary import DIGITS, SENTENCES, Label, Reason, Verdict


@dataclass(frozen=True)
class DigitAnswer:
    """One digit; `confidence` and `probabilities` are 0 to 1, `box` is x, y, width, height.

    Without an id it is not stored.
    """

    id: UUID | None
    label: str
    verdict: str
    reason: str | None
    best_guess: str
    confidence: float
    probabilities: dict[str, float]
    box: list[int]


@dataclass(frozen=True)
class Answer:
    """Of a picture with one digit these are that digit's; of several, `label` is the whole string.

    Without any digit (a blank picture) there is no guess, confidence, probability or model.
    """

    id: UUID | None
    label: str
    verdict: str
    reason: str | None
    best_guess: str | None
    confidence: float | None
    probabilities: dict[str, float] | None
    digits: list[DigitAnswer]
    model: str | None

    @property
    def sentence(self) -> str:
        """The reason, for a visitor; "" where the verdict is `digit`."""
        return SENTENCES[Reason(self.reason)] if self.reason else ""


def of_upload(upload: Upload) -> Answer:
    """By the newest prediction of each of its digits; takes one query."""
    newest = (
        Prediction.objects.filter(image__upload=upload)
        .order_by("image_id", "-id")
        .distinct("image_id")
        .select_related("image", "model")
    )
    return of_predictions(upload, sorted(newest, key=lambda found: found.image.position))


def of_predictions(upload: Upload, predictions: list[Prediction]) -> Answer:
    """`predictions` are one a digit, in reading order, with image and model loaded."""
    digits = [_stored_digit(prediction) for prediction in predictions]
    return compose(upload.pk, digits, predictions[0].model.name if predictions else None)


def of_recognitions(
    found: list[imaging.Digit], recognitions: list[Recognition], model: str
) -> Answer:
    """Of a picture that is not stored."""
    digits = [
        _digit(digit.box, recognition)
        for digit, recognition in zip(found, recognitions, strict=True)
    ]
    return compose(None, digits, model)


def compose(id_: UUID | None, digits: list[DigitAnswer], model: str | None) -> Answer:
    """One answer over digits in reading order; none of them means a blank picture."""
    if not digits:
        return Answer(
            id_, Label.UNKNOWN, Verdict.NOT_A_DIGIT, Reason.BLANK, None, None, None, [], model
        )
    doubted = [digit for digit in digits if digit.verdict != Verdict.DIGIT]
    return Answer(
        id=id_,
        label=Label.UNKNOWN if doubted else "".join(digit.label for digit in digits),
        verdict=_overall({digit.verdict for digit in digits}),
        reason=doubted[0].reason if doubted else None,
        best_guess="".join(digit.best_guess for digit in digits),
        confidence=min(digit.confidence for digit in digits),
        probabilities=digits[0].probabilities if len(digits) == 1 else None,
        digits=digits,
        model=model,
    )


def _overall(verdicts: set[str]) -> Verdict:
    """One doubtful digit makes the whole doubtful; no digit at all makes it none."""
    if verdicts == {Verdict.DIGIT}:
        return Verdict.DIGIT
    return Verdict.NOT_A_DIGIT if verdicts == {Verdict.NOT_A_DIGIT} else Verdict.UNSURE


def _stored_digit(prediction: Prediction) -> DigitAnswer:
    return DigitAnswer(
        id=prediction.image_id,
        label=prediction.label,
        verdict=prediction.verdict,
        reason=prediction.reason or None,
        best_guess=prediction.best_guess,
        confidence=prediction.confidence,
        probabilities=prediction.by_digit,
        box=prediction.image.box or [],
    )


def _digit(box: tuple[int, int, int, int], found: Recognition) -> DigitAnswer:
    return DigitAnswer(
        id=None,
        label=found.label,
        verdict=found.verdict,
        reason=found.reason,
        best_guess=found.best_guess,
        confidence=found.confidence,
        probabilities=dict(zip(DIGITS, found.probabilities.tolist(), strict=True)),
        box=list(box),
    )
