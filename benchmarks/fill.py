"""Fill a database with uploads of MNIST's digits, read by the bundled model."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from benchmarks.digits import draw_digit, load_digits
from classifier.labelling import audits
from classifier.models import (
    InputImage,
    LabelChange,
    ModelVersion,
    Prediction,
    QueueItem,
    ShadowReading,
    Source,
    Upload,
    Via,
)
from classifier.recognition import model_folder
from classifier.recognition.labels import Label
from classifier.recognition.recognizer import Recognition
from classifier.registry import serving, shadow, versions
from classifier.uploads import records
from training.data.images import Labels

DAYS = 60
CHUNK = 1000
LABELLED_ONE_IN = 5
DIFFERING_ONE_IN = 40
CANDIDATE = "benchmark-candidate"

Bytes = NDArray[np.uint8]


def fill(uploads: int) -> None:
    """Add uploads over the last 60 days, a fifth of them labelled, and a candidate."""
    digits = load_digits()
    pixels, labels = digits.pixels, digits.labels
    champion = versions.promote_bundled_model()
    recognitions = serving.load_recognizer(champion).recognize(pixels)
    person = get_user_model().objects.get(username="admin")
    picture = ContentFile(draw_digit(pixels[0], 280))
    name = default_storage.save("uploads/00/benchmark", picture)
    now = timezone.now()
    for first in range(0, uploads, CHUNK):
        count = min(CHUNK, uploads - first)
        with _frozen_time(now - timedelta(days=DAYS * (1 - first / uploads))), transaction.atomic():
            chosen = [each % len(pixels) for each in range(first, first + count)]
            images = _add_uploads(pixels[chosen], name, first)
            _add_readings(images, [recognitions[each] for each in chosen], champion)
            _add_labels(images[::LABELLED_ONE_IN], labels[chosen][::LABELLED_ONE_IN], person)
    _add_candidate()
    audits.draw_audits()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _frozen_time(moment: datetime) -> Iterator[None]:
    with patch("django.utils.timezone.now", lambda: moment):
        yield


def _add_uploads(pixels: Bytes, name: str, first: int) -> list[InputImage]:
    visitors = [UUID(int=number) for number in range(first // CHUNK * 10, first // CHUNK * 10 + 10)]
    uploads = [
        Upload(
            file=name,
            sha256=uuid4().hex * 2,
            size=2_000,
            width=280,
            height=280,
            media_type="image/png",
            source=source,
            confidence=0.99,
            lines=[[[20, 20, 200, 200], 1]],
            visitor=visitor if source == Source.WEB else None,
        )
        for _, source, visitor in zip(
            pixels,
            itertools.cycle([Source.WEB, Source.API]),
            itertools.cycle(visitors),
            strict=False,
        )
    ]
    Upload.objects.bulk_create(uploads)
    images = [
        InputImage(
            pixels=each.tobytes(), source=upload.source, upload=upload, box=[20, 20, 200, 200]
        )
        for each, upload in zip(pixels, uploads, strict=True)
    ]
    return InputImage.objects.bulk_create(images)


def _add_readings(
    images: list[InputImage], recognitions: list[Recognition], model: ModelVersion
) -> None:
    pairs = [*zip(images, recognitions, strict=True)]
    Prediction.objects.bulk_create(records.build_prediction(*pair, model) for pair in pairs)
    items = [records.build_queue_item(*pair) for pair in pairs]
    for item in items:
        item.content = uuid4()  # the sample repeats, people's digits don't
    QueueItem.objects.bulk_create(items)


def _add_labels(images: list[InputImage], labels: Labels, by: Any) -> None:
    for image, label in zip(images, labels, strict=True):
        image.label, image.labelled_by, image.labelled_at = str(label), by, timezone.now()
        image.group = uuid4()
    InputImage.objects.bulk_update(images, ["label", "labelled_by", "labelled_at", "group"])
    QueueItem.objects.filter(pk__in=images).update(waiting=False)
    LabelChange.objects.bulk_create(
        LabelChange(
            image=image, from_label="unknown", to_label=image.label, changed_by=by, via=Via.QUEUE
        )
        for image in images
    )


def _add_candidate() -> None:
    """Register a copy of the champion that was trained on every label, and let it read uploads."""
    labelled = InputImage.objects.uploaded().exclude(label=Label.UNKNOWN)
    corrected = {str(pk): label for pk, label in labelled.values_list("pk", "label")}
    folder = settings.MODELS_DIR / CANDIDATE
    shutil.copytree(settings.BUNDLED_MODELS_DIR / serving.BUNDLED, folder)
    manifest = model_folder.verify(folder)
    dataset = manifest.dataset | {"corrected": corrected}
    model_folder.write_manifest(folder, replace(manifest, name=CANDIDATE, dataset=dataset))
    candidate = versions.register_model(CANDIDATE)
    while shadow.read_batch():
        pass
    readings = ShadowReading.objects.filter(model=candidate).order_by("pk")
    differing = readings.filter(pk__in=[*readings.values_list("pk", flat=True)[::DIFFERING_ONE_IN]])
    differing.update(guess=Label.NOT_A_DIGIT)
