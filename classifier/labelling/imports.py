"""Pictures whose labels are known elsewhere, kept as if they had been sent and labelled here."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F

from classifier.labelling import labels
from classifier.models import InputImage, Source, Upload, Via
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import Label
from classifier.uploads import submission
from classifier.uploads.answers import Answer
from classifier.uploads.archives import LabelledPicture
from classifier.uploads.upload_batch import UploadBatch, open_batch

LOCK = "SELECT pg_advisory_xact_lock(hashtext('imports'))"


@dataclass
class Kept:
    """An upload, and the label of each of its images."""

    id: UUID
    labels: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportResult:
    """`images` have the label now; there are none where `fault` says why not."""

    name: str
    label: str
    upload: UUID | None
    images: list[UUID]
    fault: ImageError | None


def import_pictures(
    pictures: Iterable[LabelledPicture], by: User, batch: UploadBatch | None = None
) -> list[ImportResult]:
    """Store all pictures or none; one that is stored already is not stored again.

    Raises NoModel if nothing serves, and NoStorage.
    """
    by_hash = [(hashlib.sha256(picture.data).hexdigest(), picture) for picture in pictures]
    with open_batch(batch) as joined:
        _one_at_a_time()
        there = _there([name for name, _ in by_hash])
        imported = [_imported(picture, name, there, joined) for name, picture in by_hash]
        wanted = {image: each.label for each in imported for image in each.images}
        labels.apply_labels(wanted, by, Via.API)
    return imported


def _one_at_a_time() -> None:
    """Else the same archive, sent twice at once, would be kept twice."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)


def _there(hashes: list[str]) -> dict[str, Kept]:
    """By their files' hashes; of equal ones that which was labelled last."""
    uploads = Upload.objects.filter(sha256__in=hashes).order_by("pk")
    # In the order of deleting, which finds them labelled or not at all.
    names = dict(uploads.select_for_update(no_key=True).values_list("pk", "sha256"))
    there = {name: Kept(upload) for upload, name in names.items()}
    images = InputImage.objects.filter(upload__in=names)
    of_uploads: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for upload, image, label in images.order_by(
        F("labelled_at").asc(nulls_first=True), "pk"
    ).values_list("upload", "pk", "label"):
        of_uploads[upload][image] = label
        there[names[upload]] = Kept(upload, of_uploads[upload])
    return there


def _imported(
    picture: LabelledPicture, name: str, there: dict[str, Kept], batch: UploadBatch
) -> ImportResult:
    if name not in there:
        try:
            answer = submission.classify_picture(picture.data, Source.API, batch=batch)
        except ImageError as error:
            return ImportResult(picture.name, picture.label, None, [], error)
        there[name] = _kept(answer)
    kept = there[name]
    if fault := _fault(picture.label, kept):
        return ImportResult(picture.name, picture.label, kept.id, [], fault)
    kept.labels = dict.fromkeys(kept.labels, picture.label)
    return ImportResult(picture.name, picture.label, kept.id, list(kept.labels), None)


def _kept(answer: Answer) -> Kept:
    images = [cast(UUID, digit.id) for digit in answer.digits]
    return Kept(cast(UUID, answer.id), dict.fromkeys(images, Label.UNKNOWN.value))


def _fault(label: str, kept: Kept) -> ImageError | None:
    """Why an upload's images can't get the label."""
    if not kept.labels:
        return ImageError("blank", "Nothing was found in it. It is kept without a label.")
    if label != Label.NOT_A_DIGIT and len(kept.labels) > 1:
        message = "%(n)s digits were found in it. They are kept, and wait for labels."
        return ImageError("several_digits", message, n=len(kept.labels))
    if others := set(kept.labels.values()) - {Label.UNKNOWN.value, label}:
        message = (
            "It is there already, labelled %(label)s, which stays. Change that if it is wrong."
        )
        return ImageError("labelled_otherwise", message, label=", ".join(sorted(others)))
    return None
