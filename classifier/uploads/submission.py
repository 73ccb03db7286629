"""Recognising the pictures that people send, and storing them."""

import hashlib
from typing import Any
from uuid import UUID

from django.db import connection

from classifier.models import InputImage, Prediction, QueueItem, Source, Upload
from classifier.monitoring import metrics
from classifier.recognition import imaging
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import Event, Verdict
from classifier.recognition.layout import Layout
from classifier.recognition.reader import ReadDigit, read_picture
from classifier.registry import serving
from classifier.uploads import answers, records
from classifier.uploads.answers import Answer
from classifier.uploads.insertion import insert_rows
from classifier.uploads.upload_batch import UploadBatch, delete_files_on_rollback, open_batch
from classifier.webhooks import events

Rows = tuple[list[Upload], list[InputImage], list[QueueItem], list[Prediction]]


def classify_picture(
    data: bytes, source: Source, visitor: UUID | None = None, batch: UploadBatch | None = None
) -> Answer:
    """Recognise the digits in a picture, and store all of it: file and rows, or neither.

    `visitor` is the browser that sent it. In a `batch` it is stored with the other uploads, or
    none of them is. Raises ImageError if the bytes are no usable picture, NoModel if nothing
    serves, and NoStorage.
    """
    picture = imaging.decode(data)
    served = serving.champion.get()
    reading = read_picture(picture, served.recognizer)
    layout = Layout.from_reading(reading)
    upload = Upload(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        width=picture.width,
        height=picture.height,
        media_type=picture.media_type,
        source=source,
        confidence=layout.confidence,
        lines=layout.lines,
        left_out=layout.left_out,
        visitor=visitor,
    )
    recognitions = [digit.recognition for digit in reading.digits]
    read = list(zip(_images(upload, reading.digits), recognitions, strict=True))
    predictions = [records.build_prediction(image, found, served.version) for image, found in read]
    answer = answers.build_answer(upload, predictions)
    items = [records.build_queue_item(image, found) for image, found in read]
    rows = [upload], [image for image, _ in read], items, predictions
    is_published = answer.verdict == Verdict.UNSURE and events.subscriptions.is_subscribed(
        Event.UPLOAD_UNSURE
    )
    if batch is None and not is_published:
        _store_alone(upload, data, rows)
    else:
        with open_batch(batch) as joined:
            joined.store_file(upload, data)
            insert_rows(*rows)
            if is_published:
                events.publish(Event.UPLOAD_UNSURE, [_describe_unsure(answer)])
    metrics.count_predictions(predictions)
    return answer


def _describe_unsure(answer: Answer) -> dict[str, Any]:
    return {
        "id": str(answer.id),
        "path": Upload(pk=answer.id).get_absolute_url(),
        "best_guess": answer.best_guess,
        "confidence": answer.confidence,
        "reason": answer.reason,
        "digits": [str(digit.id) for digit in answer.digits],
    }


def _store_alone(upload: Upload, data: bytes, rows: Rows) -> None:
    """Insert the rows by one statement that commits itself, in one round trip."""
    # A database that is away is noticed before a file is written.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with delete_files_on_rollback() as batch:
        batch.store_file(upload, data)
        batch.may_be_committed = True
        insert_rows(*rows)


def classify_pictures(
    pictures: list[bytes],
    source: Source,
    visitor: UUID | None = None,
    batch: UploadBatch | None = None,
) -> list[Answer | ImageError]:
    """Return each picture's answer, or its fault, which spoils none of the others.

    Raises NoModel if nothing serves, and NoStorage; then nothing is stored.
    """
    with open_batch(batch) as joined:
        return [_answer_or_fault(data, source, visitor, joined) for data in pictures]


def _answer_or_fault(
    data: bytes, source: Source, visitor: UUID | None, batch: UploadBatch
) -> Answer | ImageError:
    try:
        return classify_picture(data, source, visitor, batch)
    except ImageError as fault:
        return fault


def _images(upload: Upload, digits: list[ReadDigit]) -> list[InputImage]:
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
