"""Recognising what somebody sent and keeping it: file and rows, or neither."""

import hashlib
import time

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from classifier import answers, imaging, serving, usefulness
from classifier.answers import Answer
from classifier.models import InputImage, Prediction, QueueItem, Source, Upload, stored_name
from classifier.recognizer import Recognition
from classifier.serving import Served

ORPHAN_AFTER_S = 3600


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
    return answers.of_predictions(upload, predictions)


@transaction.atomic
def _store(
    upload: Upload,
    digits: list[imaging.Digit],
    recognitions: list[Recognition],
    served: Served,
) -> list[Prediction]:
    upload.save(force_insert=True)
    images = InputImage.objects.bulk_create(
        InputImage(
            pixels=digit.pixels.tobytes(),
            source=upload.source,
            upload=upload,
            box=list(digit.box),
            position=position,
        )
        for position, digit in enumerate(digits)
    )
    QueueItem.objects.bulk_create(
        QueueItem(
            image=image,
            guess=recognition.guess,
            doubt=recognition.doubt,
            embedding=usefulness.embedding(recognition.whitened),
        )
        for image, recognition in zip(images, recognitions, strict=True)
    )
    return Prediction.objects.bulk_create(
        _prediction(image, recognition, served)
        for image, recognition in zip(images, recognitions, strict=True)
    )


def _prediction(image: InputImage, found: Recognition, served: Served) -> Prediction:
    return Prediction(
        image=image,
        model=served.version,
        label=found.label,
        best_guess=found.best_guess,
        confidence=found.confidence,
        probabilities=found.probabilities.tolist(),
        scores=found.scores,
        verdict=found.verdict,
        reason=found.reason or "",
        imaging_version=imaging.VERSION,
    )


def remove_orphans() -> int:
    """Deletes stored files that have had no upload for an hour; says how many."""
    root = settings.MEDIA_ROOT / "uploads"
    limit = time.time() - ORPHAN_AFTER_S
    old = [path for path in root.glob("*/*") if path.stat().st_mtime < limit]
    names = {str(path.relative_to(settings.MEDIA_ROOT)): path for path in old}
    known = set(Upload.objects.filter(file__in=names).values_list("file", flat=True))
    for name in names.keys() - known:
        names[name].unlink(missing_ok=True)
    return len(names.keys() - known)
