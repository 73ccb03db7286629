"""Every write that has a rule: classifying, labelling, registering, promoting, rolling back."""

import hashlib
import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from classifier import answers, artifact, imaging, serving
from classifier.answers import Answer
from classifier.models import (
    UPLOADED,
    InputImage,
    LabelChange,
    ModelState,
    ModelVersion,
    Prediction,
    Source,
    Upload,
    Via,
    stored_name,
)
from classifier.recognizer import Recognition, Recognizer
from classifier.serving import BUNDLED, Served, model_folder
from classifier.vocabulary import LABELS, Label

ORPHAN_AFTER_S = 3600


class RuleBroken(Exception):
    """What was asked for is not allowed; the message says why and what to do."""


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


@transaction.atomic
def label(image_id: UUID, to: str, by: User, via: Via) -> InputImage:
    """Sets an upload's label and keeps who changed it, when, from what and through what.

    Raises RuleBroken for a label that does not exist and for an image of MNIST.
    """
    image = InputImage.objects.select_for_update(of=("self",)).get(pk=image_id)
    if to not in LABELS:
        raise RuleBroken(f"{to!r} is not a label. Use one of: {', '.join(LABELS)}.")
    if image.source not in UPLOADED:
        raise RuleBroken("MNIST's own labels stay as they are: models are measured by them.")
    if image.label == to:
        return image
    LabelChange.objects.create(
        image=image, from_label=image.label, to_label=to, changed_by=by, via=via
    )
    known = to != Label.UNKNOWN
    image.label = to
    image.labelled_by = by if known else None
    image.labelled_at = timezone.now() if known else None
    image.save(update_fields=["label", "labelled_by", "labelled_at"])
    return image


@transaction.atomic
def label_all(ids: list[UUID], to: str, by: User, via: Via) -> None:
    """Sets several labels, or none where one of them can't be set. Raises as `label` does."""
    for image_id in sorted(ids):  # in one order, so that two people can't block each other
        label(image_id, to, by, via)


def register(name: str) -> ModelVersion:
    """Puts a model folder on record as a candidate; one that is on record stays what it is.

    Raises ArtifactError where it can't be loaded, RuleBroken where it is not what was registered.
    """
    folder = model_folder(name)
    manifest = Recognizer(folder).manifest
    checksum = artifact.sha256(folder / artifact.MANIFEST)
    values: dict[str, Any] = {
        "checksum": checksum,
        "metrics": manifest.metrics,
        "configuration": manifest.configuration,
        "snapshot": manifest.dataset,
    }
    version, _ = ModelVersion.objects.get_or_create(name=name, defaults=values)
    if version.checksum != checksum:
        raise RuleBroken(
            f"{folder} is not the model that was registered as {name}. "
            "Give the new folder another name and promote that."
        )
    return version


@transaction.atomic
def promote(name: str) -> ModelVersion:
    """Makes a model the champion; the one before it is retired. Raises as `register` does."""
    version = register(name)
    before = ModelVersion.objects.select_for_update().filter(state=ModelState.CHAMPION)
    now = timezone.now()
    if version in before:
        return version
    before.update(state=ModelState.RETIRED, retired_at=now)
    version.state = ModelState.CHAMPION
    version.promoted_at = now
    version.save(update_fields=["state", "promoted_at"])
    return version


@transaction.atomic
def promote_bundled() -> ModelVersion:
    """Promotes the model that comes with the project, unless another one is in service.

    Its folder changes with the project's version: what an earlier one said stays on record under
    a name of its own. Raises ArtifactError.
    """
    champion = ModelVersion.objects.filter(state=ModelState.CHAMPION).first()
    if champion and champion.name != BUNDLED:
        return champion
    checksum = artifact.sha256(model_folder(BUNDLED) / artifact.MANIFEST)
    for earlier in ModelVersion.objects.filter(name=BUNDLED).exclude(checksum=checksum):
        earlier.name = f"{BUNDLED}-{earlier.checksum[:8]}"
        earlier.save(update_fields=["name"])
    return promote(BUNDLED)


def rollback() -> ModelVersion:
    """Promotes the model that served before the champion; a second time undoes the first.

    Raises RuleBroken where there is none, and as `register` does.
    """
    retired = ModelVersion.objects.filter(state=ModelState.RETIRED)
    before = retired.order_by("-retired_at").first()
    if before is None:
        raise RuleBroken(
            "There is no earlier champion to go back to. Choose one: python manage.py promote NAME"
        )
    return promote(before.name)


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
