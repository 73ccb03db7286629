"""Recognising what somebody sent and keeping it: file and rows, or neither."""

import hashlib
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from classifier import answers, imaging, metrics, serving
from classifier.answers import Answer
from classifier.imaging import ImageError
from classifier.insertion import insert
from classifier.models import InputImage, Prediction, Source, Upload, stored_name
from classifier.recognizer import Recognition
from classifier.services import readings, webhooks
from classifier.services.together import tell, together
from classifier.vocabulary import Event, Verdict


def classify(data: bytes, source: Source, visitor: UUID | None = None) -> Answer:
    """Recognises the digits in a picture and keeps all of it: file and rows, or neither.

    `visitor` is the browser that sent it. Raises ImageError where the bytes are no usable picture,
    NoModel where nothing serves.
    """
    picture = imaging.decode(data)
    digits = imaging.find_digits(picture)
    served = serving.champion.get()
    recognitions = served.recognizer.recognize(digit.pixels for digit in digits)
    upload = Upload(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        width=picture.width,
        height=picture.height,
        media_type=picture.media_type,
        source=source,
        visitor=visitor,
    )
    read = list(zip(_images(upload, digits), recognitions, strict=True))
    predictions = [readings.prediction(image, found, served.version) for image, found in read]
    answer = answers.of_predictions(upload, predictions)
    upload.file.name = default_storage.save(stored_name(upload, ""), ContentFile(data))
    tell(upload)
    try:
        _store(upload, read, predictions, answer)
    except BaseException:
        default_storage.delete(upload.file.name)
        raise
    metrics.observe(predictions)
    return answer


def classify_each(
    pictures: list[bytes], source: Source, visitor: UUID | None = None
) -> list[Answer | ImageError]:
    """The answer to each or what is wrong with it, which spoils none of the others.

    Raises NoModel where nothing serves, and then keeps nothing.
    """
    with together():
        return [_answer_or_fault(data, source, visitor) for data in pictures]


def _answer_or_fault(data: bytes, source: Source, visitor: UUID | None) -> Answer | ImageError:
    try:
        return classify(data, source, visitor)
    except ImageError as fault:
        return fault


def _images(upload: Upload, digits: list[imaging.Digit]) -> list[InputImage]:
    return [
        InputImage(
            pixels=digit.pixels.tobytes(),
            source=upload.source,
            upload=upload,
            box=list(digit.box),
            position=position,
        )
        for position, digit in enumerate(digits)
    ]


def _store(
    upload: Upload,
    read: list[tuple[InputImage, Recognition]],
    predictions: list[Prediction],
    answer: Answer,
) -> None:
    items = [readings.queue_item(image, found) for image, found in read]
    rows = [upload], [image for image, _ in read], items, predictions
    if answer.verdict != Verdict.UNSURE or not webhooks.subscriptions.want(Event.UPLOAD_UNSURE):
        insert(*rows)
        return
    with transaction.atomic():
        insert(*rows)
        webhooks.tell_unsure(answer)
