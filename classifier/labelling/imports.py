"""Import of labelled pictures, stored and labelled like uploads."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F

from classifier.labelling import labels
from classifier.models import InputImage, Source, Upload, Via
from classifier.models.locks import lock
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import Label
from classifier.uploads import submission
from classifier.uploads.archives import LabelledPicture
from classifier.uploads.upload_batch import UploadBatch, open_batch


@dataclass
class StoredUpload:
    """An upload and the label of each of its images."""

    id: UUID
    labels: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportResult:
    """The images that got the label, or the `fault` that prevented it."""

    name: str
    label: str
    upload: UUID | None
    images: list[UUID]
    fault: ImageError | None = None


def import_pictures(
    pictures: Iterable[LabelledPicture], by: User, batch: UploadBatch | None = None
) -> list[ImportResult]:
    """Store and label all pictures or none; a picture that is stored already is only labelled.

    Raise NoModel and NoStorage.
    """
    hashed = [(hashlib.sha256(picture.data).hexdigest(), picture) for picture in pictures]
    with open_batch(batch) as joined:
        # The same archive, imported twice at once, must not be stored twice.
        lock("imports")
        uploads = _find_uploads([sha256 for sha256, _ in hashed])
        results = [_import_picture(picture, sha256, uploads, joined) for sha256, picture in hashed]
        new_labels = {image: result.label for result in results for image in result.images}
        labels.apply_labels(new_labels, by, Via.API)
    return results


def _find_uploads(hashes: list[str]) -> dict[str, StoredUpload]:
    """Return the stored uploads by hash; of several with one hash that which was labelled last."""
    # Deletion locks in the same order.
    locked = Upload.objects.filter(sha256__in=hashes).order_by("pk").select_for_update(no_key=True)
    hash_by_upload = dict(locked.values_list("pk", "sha256"))
    uploads = {sha256: StoredUpload(pk) for pk, sha256 in hash_by_upload.items()}
    images = InputImage.objects.filter(upload__in=hash_by_upload)
    by_upload: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for upload, image, label in images.order_by(
        F("labelled_at").asc(nulls_first=True), "pk"
    ).values_list("upload", "pk", "label"):
        by_upload[upload][image] = label
        uploads[hash_by_upload[upload]] = StoredUpload(upload, by_upload[upload])
    return uploads


def _import_picture(
    picture: LabelledPicture, sha256: str, uploads: dict[str, StoredUpload], batch: UploadBatch
) -> ImportResult:
    if sha256 not in uploads:
        try:
            answer = submission.classify_picture(picture.data, Source.API, batch=batch)
        except ImageError as error:
            return ImportResult(picture.name, picture.label, None, [], error)
        images = [cast(UUID, digit.id) for digit in answer.digits]
        unlabelled = dict.fromkeys(images, Label.UNKNOWN.value)
        uploads[sha256] = StoredUpload(cast(UUID, answer.id), unlabelled)
    upload = uploads[sha256]
    if fault := _find_fault(picture.label, upload):
        return ImportResult(picture.name, picture.label, upload.id, [], fault)
    upload.labels = dict.fromkeys(upload.labels, picture.label)
    return ImportResult(picture.name, picture.label, upload.id, list(upload.labels))


def _find_fault(label: str, upload: StoredUpload) -> ImageError | None:
    """Return why an upload's images can't get the label."""
    if not upload.labels:
        return ImageError("blank", "No digit was found in it. It is stored without a label.")
    if label != Label.NOT_A_DIGIT and len(upload.labels) > 1:
        message = "%(n)s digits were found in it. They are stored and wait for labels."
        return ImageError("several_digits", message, n=len(upload.labels))
    if others := set(upload.labels.values()) - {Label.UNKNOWN.value, label}:
        message = "It is stored already and labelled %(label)s. Change that label if it is wrong."
        return ImageError("labelled_otherwise", message, label=", ".join(sorted(others)))
    return None
