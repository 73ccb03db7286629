"""Recognising what somebody sent and keeping it: file and rows, or neither."""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from classifier import answers, imaging, metrics, serving
from classifier.answers import Answer
from classifier.insertion import insert
from classifier.models import InputImage, Prediction, Source, Upload, stored_name
from classifier.recognizer import Recognition
from classifier.services import readings
from classifier.serving import Served


def classify(data: bytes, source: Source) -> Answer:
    """Recognises the digits in a picture and keeps all of it: file and rows, or neither.

    Raises ImageError where the bytes are no usable picture, NoModel where nothing serves.
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
    )
    upload.file.name = default_storage.save(stored_name(upload, ""), ContentFile(data))
    try:
        predictions = _store(upload, digits, recognitions, served)
    except BaseException:
        default_storage.delete(upload.file.name)
        raise
    metrics.observe(predictions)
    return answers.of_predictions(upload, predictions)


def _store(
    upload: Upload,
    digits: list[imaging.Digit],
    recognitions: list[Recognition],
    served: Served,
) -> list[Prediction]:
    images = [
        InputImage(
            pixels=digit.pixels.tobytes(),
            source=upload.source,
            upload=upload,
            box=list(digit.box),
            position=position,
        )
        for position, digit in enumerate(digits)
    ]
    read = list(zip(images, recognitions, strict=True))
    items = [readings.queue_item(image, found) for image, found in read]
    predictions = [readings.prediction(image, found, served.version) for image, found in read]
    insert([upload], images, items, predictions)
    return predictions
