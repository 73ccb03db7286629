"""Deletion of uploads with everything derived from them, on request or after RETENTION_DAYS."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_noop

from classifier import jobs
from classifier.models import InputImage, LabelChange, Prediction, Suggestion, Upload
from classifier.recognition.labels import Label
from classifier.registry import erasures
from classifier.uploads import file_deletion

TASK = "classifier.tasks.delete_by_visitor"
BATCH_SIZE = 200
BATCHES_PER_REQUEST = 2
KEY_SALT = "classifier.uploads.deletion"
FILES_LEFT_MESSAGE = gettext_noop(
    "The stored files can't be deleted right now. Nobody can open them any more, and they will be "
    "deleted as soon as possible."
)


@dataclass
class DeletionResult:
    """The number of deleted uploads, and what is left for jobs."""

    uploads: int = 0
    files_left: int = 0
    has_uploads_left: bool = False


@dataclass(frozen=True)
class DependentCounts:
    """The number of rows that are deleted with uploads."""

    images: int
    labels: int
    label_changes: int
    suggestions: int
    predictions: int


def count_dependents(ids: Collection[UUID] | QuerySet[Upload, UUID]) -> DependentCounts:
    images = InputImage.objects.filter(upload__in=ids)
    return DependentCounts(
        images=images.count(),
        labels=images.exclude(label=Label.UNKNOWN).count(),
        label_changes=LabelChange.objects.filter(image__in=images).count(),
        suggestions=Suggestion.objects.filter(image__in=images).count(),
        predictions=Prediction.objects.filter(image__in=images).count(),
    )


@transaction.atomic
def delete_uploads(ids: Collection[UUID]) -> DeletionResult:
    """Delete the rows of uploads, all or none, and their files once that is committed.

    Files that can't be deleted are left for jobs. If the process is killed in between, nobody can
    open the files, and the job `remove_orphans` deletes them.
    """
    uploads = Upload.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    names = list(uploads.values_list("file", flat=True))
    # This waits for transactions that label these images. Later ones find no image.
    images = InputImage.objects.filter(upload__in=ids).order_by("pk").select_for_update()
    # Training gives an image a group, which stays when its label is taken back.
    rows = images.values_list("pk", "upload", "label", "group")
    possibly_trained_on = {
        pk: upload for pk, upload, label, group in rows if label != Label.UNKNOWN or group
    }
    if possibly_trained_on:
        erasures.record_erasures(possibly_trained_on)
    Upload.objects.filter(pk__in=ids).delete()
    result = DeletionResult(len(names))

    def delete_files() -> None:
        left = file_deletion.delete_files(names)
        result.files_left = len(left)
        # These jobs are retried for hours.
        jobs.enqueue_jobs(
            file_deletion.TASK, ({"name": name} for name in left), priority=jobs.BACKGROUND
        )

    transaction.on_commit(delete_files, robust=True)
    return result


def make_deletion_key(upload_id: UUID | str) -> str:
    """Return the secret with which the sender of an upload can delete it."""
    return salted_hmac(KEY_SALT, str(upload_id), algorithm="sha256").hexdigest()


def is_deletion_key(upload_id: UUID | str, key: str) -> bool:
    return constant_time_compare(key, make_deletion_key(upload_id))


def delete_expired() -> int:
    """Delete uploads that are older than RETENTION_DAYS, if that is set. Return their number."""
    if not settings.RETENTION_DAYS:
        return 0
    limit = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
    return _delete_in_batches(Upload.objects.filter(created_at__lt=limit)).uploads


def delete_by_visitor(visitor: UUID) -> DeletionResult:
    """Delete all uploads of a browser so far, in a job if they are too many for a request."""
    now = timezone.now()
    uploads = Upload.objects.filter(visitor=visitor, created_at__lte=now)
    result = _delete_in_batches(uploads, BATCHES_PER_REQUEST)
    result.has_uploads_left = uploads.exists()
    if result.has_uploads_left:
        jobs.enqueue_jobs(TASK, [{"visitor": str(visitor), "until": now.isoformat()}])
    return result


def delete_remaining(visitor: UUID, until: datetime) -> None:
    """Delete the uploads that a browser sent up to then, however many they are."""
    _delete_in_batches(Upload.objects.filter(visitor=visitor, created_at__lte=until))


def _delete_in_batches(uploads: QuerySet[Upload], max_batches: int | None = None) -> DeletionResult:
    oldest = uploads.order_by("created_at", "pk").values_list("pk", flat=True)[:BATCH_SIZE]
    total = DeletionResult()
    for ids in islice(iter(lambda: list(oldest.all()), []), max_batches):
        result = delete_uploads(ids)
        total.uploads += result.uploads
        total.files_left += result.files_left
    return total
