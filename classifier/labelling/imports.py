"""Import of labelled pictures, stored and labelled like uploads."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from classifier.labelling import labels
from classifier.models import InputImage, QueueItem, Source, Upload, Via
from classifier.models.locks import acquire_lock
from classifier.recognition import imaging
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import Label
from classifier.recognition.pixels import hash_pixels
from classifier.uploads import submission
from classifier.uploads.archives import LabelledPicture
from classifier.uploads.upload_batch import UploadBatch, open_batch

MAX_EXPORTED_BYTES = 2_000  # of 28×28 pixels as a PNG


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

    An exported image counts as stored if this site still has it; otherwise it is stored with the
    same pixels. Raise NoModel and NoStorage.
    """
    hashed = [(hashlib.sha256(picture.data).hexdigest(), picture) for picture in pictures]
    contents = {sha256: _hash_content(picture.data) for sha256, picture in hashed}
    with open_batch(batch) as joined:
        # The same archive, imported twice at once, must not be stored twice.
        acquire_lock("imports")
        uploads = _find_uploads(contents)
        results = [_import_picture(picture, sha256, uploads, joined) for sha256, picture in hashed]
        new_labels = {image: result.label for result in results for image in result.images}
        labels.apply_labels(new_labels, by, Via.API)
    return results


def _hash_content(data: bytes) -> UUID | None:
    """Return the content of a picture in the form of an exported image, or None."""
    if len(data) > MAX_EXPORTED_BYTES:
        return None
    try:
        pixels = imaging.decode(data).pixels
    except ImageError:
        return None
    return hash_pixels((255 - pixels).tobytes()) if pixels.shape == (28, 28) else None


def _find_uploads(contents: Mapping[str, UUID | None]) -> dict[str, StoredUpload]:
    """Return the stored uploads of the pictures, by the hashes of their files.

    If several uploads have the same file, return the one that was labelled last. Return an exported
    image without the other images of its upload.
    """
    exported = {content: sha256 for sha256, content in contents.items() if content}
    items = QueueItem.objects.filter(content__in=exported).values_list("pk", "content")
    hash_by_image = {pk: exported[content] for pk, content in items}
    by_image = InputImage.objects.filter(pk__in=hash_by_image).values("upload")
    # Deletion locks in the same order.
    locked = Upload.objects.filter(Q(sha256__in=contents) | Q(pk__in=by_image)).order_by("pk")
    hash_by_upload = dict(locked.select_for_update(no_key=True).values_list("pk", "sha256"))
    uploads = {
        sha256: StoredUpload(pk) for pk, sha256 in hash_by_upload.items() if sha256 in contents
    }
    images = InputImage.objects.filter(upload__in=hash_by_upload)
    by_upload: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for upload, image, label in images.order_by(
        F("labelled_at").asc(nulls_first=True), "pk"
    ).values_list("upload", "pk", "label"):
        by_upload[upload][image] = label
        if hash_by_upload[upload] in contents:
            uploads[hash_by_upload[upload]] = StoredUpload(upload, by_upload[upload])
        if image in hash_by_image:
            uploads[hash_by_image[image]] = StoredUpload(upload, {image: label})
    return uploads


def _import_picture(
    picture: LabelledPicture, sha256: str, uploads: dict[str, StoredUpload], batch: UploadBatch
) -> ImportResult:
    if sha256 not in uploads:
        try:
            answer = submission.classify_picture(
                picture.data, Source.API, batch=batch, is_exported=picture.is_exported
            )
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
        return ImageError(
            "blank", gettext_noop("No digit was found in it. It is stored without a label.")
        )
    if label != Label.NOT_A_DIGIT and len(upload.labels) > 1:
        message = gettext_noop(
            "%(n)s digits were found in it. They are stored and wait for labels."
        )
        return ImageError("several_digits", message, n=len(upload.labels))
    if others := set(upload.labels.values()) - {Label.UNKNOWN.value, label}:
        message = gettext_noop(
            "It is stored already and labelled %(label)s. Change that label if it is wrong."
        )
        return ImageError("labelled_otherwise", message, label=", ".join(sorted(others)))
    return None
