"""Recognition of pictures: of uploads, which are stored, and of drawings in progress."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from classifier.models import InputImage, ModelVersion, Prediction, QueueItem, Source, Upload
from classifier.monitoring import metrics
from classifier.recognition import imaging
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import Event, Verdict
from classifier.recognition.reader import read_image, read_picture
from classifier.recognition.reading import ReadDigit
from classifier.registry import serving
from classifier.uploads import answers, records
from classifier.uploads.answers import Answer
from classifier.uploads.upload_batch import UploadBatch, open_batch, open_single
from classifier.webhooks import events

IMAGE_SHAPE = (28, 28)


def classify_picture(
    data: bytes,
    source: Source,
    visitor: UUID | None = None,
    batch: UploadBatch | None = None,
    is_exported: bool = False,
) -> Answer:
    """Recognise the digits in a picture, and store its file and rows, or neither.

    `visitor` is the browser that sent it. The uploads of a `batch` are stored together or not at
    all. An exported image of 28×28 pixels is stored as it is, without an event. Raise ImageError if
    the picture can't be read, NoModel if no model serves, and NoStorage.
    """
    picture = imaging.decode(data)
    served = serving.champion.get()
    has_pixels = is_exported and picture.pixels.shape == IMAGE_SHAPE
    reading = (read_image if has_pixels else read_picture)(picture, served.recognizer)
    upload = Upload(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        width=picture.width,
        height=picture.height,
        media_type=picture.media_type,
        source=source,
        visitor=visitor,
        **vars(reading.layout),
    )
    images, items, predictions = _build_rows(upload, reading.digits, served.version)
    model = served.version.name if images else None
    answer = answers.build_answer(reading, model, upload.pk, [image.pk for image in images])
    is_unsure = answer.verdict == Verdict.UNSURE and not has_pixels
    is_published = is_unsure and Event.UPLOAD_UNSURE in events.subscriptions.get()
    with open_batch(batch) if batch or is_published else open_single() as joined:
        joined.store(upload, data, images, items, predictions)
        if is_published:
            events.publish_event(Event.UPLOAD_UNSURE, [_build_event(answer)])
    metrics.count_predictions(predictions)
    return answer


def preview_picture(data: bytes) -> tuple[Answer, list[bytes]]:
    """Recognise a picture without storing it.

    Return the answer, and each digit as the model gets it: 28×28 bytes, ink = 255. Raise ImageError
    if the picture can't be read, NoModel if no model serves.
    """
    picture = imaging.decode(data)
    served = serving.champion.get()
    reading = read_picture(picture, served.recognizer)
    answer = answers.build_answer(reading, served.version.name)
    return answer, [digit.pixels.tobytes() for digit in reading.digits]


def compare_models(data: bytes, models: Sequence[ModelVersion]) -> list[Answer]:
    """Recognise a picture with each model, without storing it.

    Raise ImageError if it can't be read, ArtifactError if a model can't be loaded.
    """
    picture = imaging.decode(data)
    return [
        answers.build_answer(read_picture(picture, serving.load_recognizer(model)), model.name)
        for model in models
    ]


def _build_rows(
    upload: Upload, digits: list[ReadDigit], model: ModelVersion
) -> tuple[list[InputImage], list[QueueItem], list[Prediction]]:
    images = [
        InputImage(
            pixels=digit.pixels.tobytes(),
            source=upload.source,
            upload_id=upload.pk,
            box=list(digit.box),
            position=position,
        )
        for position, digit in enumerate(digits)
    ]
    read = [(image, digit.recognition) for image, digit in zip(images, digits, strict=True)]
    items = [records.build_queue_item(*each) for each in read]
    return images, items, [records.build_prediction(*each, model) for each in read]


def _build_event(answer: Answer) -> dict[str, Any]:
    return {
        "id": str(answer.id),
        "path": Upload(pk=answer.id).get_absolute_url(),
        "best_guess": answer.best_guess,
        "confidence": answer.confidence,
        "reason": answer.reason,
        "digits": [str(digit.id) for digit in answer.digits],
    }


def classify_pictures(
    pictures: list[bytes],
    source: Source,
    visitor: UUID | None = None,
    batch: UploadBatch | None = None,
) -> list[Answer | ImageError]:
    """Return the answer to each picture, or its error, which does not affect the others.

    Raise NoModel if no model serves, and NoStorage; then nothing is stored.
    """
    results: list[Answer | ImageError] = []
    with open_batch(batch) as joined:
        for data in pictures:
            try:
                results.append(classify_picture(data, source, visitor, joined))
            except ImageError as error:
                results.append(error)
    return results
