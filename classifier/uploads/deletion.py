"""Deleting uploads with all that came of them, because somebody asks for it or their time is up."""

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
from procrastinate.contrib.django import app

from classifier.models import InputImage, LabelChange, Prediction, Suggestion, Upload
from classifier.monitoring.request_id import get_job_arguments
from classifier.recognition.labels import Label
from classifier.uploads import file_deletion

TASK = "classifier.tasks.delete_by_visitor"
BATCH_SIZE = 200
# Of those, within one request.
AT_ONCE = 2
KEY_OF = "classifier.uploads.deletion"
FILES_LEFT_MESSAGE = gettext_noop(
    "The stored files can't be deleted right now. Nobody can open them any more, and they will be "
    "deleted as soon as possible."
)


@dataclass
class DeletionResult:
    """How many uploads were deleted, and what is left for jobs."""

    uploads: int = 0
    files_left: int = 0
    has_uploads_left: bool = False

    def __add__(self, other: "DeletionResult") -> "DeletionResult":
        return DeletionResult(
            self.uploads + other.uploads,
            self.files_left + other.files_left,
            self.has_uploads_left or other.has_uploads_left,
        )


@dataclass(frozen=True)
class DependentCounts:
    """How much goes with uploads."""

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
    """Delete the rows of uploads, all or none, and once that is committed their files.

    Files that can't be deleted are left for jobs. A process that is killed in between leaves files
    that nobody can open, until `remove_orphans`.
    """
    uploads = Upload.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    names = list(uploads.values_list("file", flat=True))
    _lock_images(ids)
    Upload.objects.filter(pk__in=ids).delete()
    deleted = DeletionResult(len(names))

    def delete_files() -> None:
        left = file_deletion.delete_files(names)
        deleted.files_left = len(left)
        file_deletion.delete_files_later(left)

    transaction.on_commit(delete_files, robust=True)
    return deleted


def _lock_images(ids: Collection[UUID]) -> None:
    """Who is labelling one is let finish, and whoever comes later finds that it is gone."""
    images = InputImage.objects.filter(upload__in=ids).order_by("pk").select_for_update()
    list(images.values_list("pk"))


def make_deletion_key(upload_id: UUID | str) -> str:
    """By which who sent an upload may delete it: nobody else can work it out."""
    return salted_hmac(KEY_OF, str(upload_id), algorithm="sha256").hexdigest()


def is_deletion_key(upload_id: UUID | str, given: str) -> bool:
    return constant_time_compare(given, make_deletion_key(upload_id))


def delete_expired() -> int:
    """Uploads that are older than RETENTION_DAYS, labelled or not; says how many."""
    if not settings.RETENTION_DAYS:
        return 0
    limit = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
    return _delete_all(Upload.objects.filter(created_at__lt=limit)).uploads


def _delete_all(uploads: QuerySet[Upload], batches: int | None = None) -> DeletionResult:
    oldest = uploads.order_by("created_at", "pk").values_list("pk", flat=True)[:BATCH_SIZE]
    until_none_are_left = iter(lambda: list(oldest.all()), [])
    return sum(
        (delete_uploads(ids) for ids in islice(until_none_are_left, batches)), DeletionResult()
    )


def delete_by_visitor(visitor: UUID) -> DeletionResult:
    """Delete all that a browser has sent so far; a job deletes what is too much for a request."""
    now = timezone.now()
    sent = Upload.objects.filter(visitor=visitor, created_at__lte=now)
    deleted = _delete_all(sent, AT_ONCE)
    deleted.has_uploads_left = sent.exists()
    if deleted.has_uploads_left:
        job = app.configure_task(TASK)
        job.defer(visitor=str(visitor), until=now.isoformat(), **get_job_arguments())
    return deleted


def delete_remaining(visitor: UUID, until: datetime) -> None:
    """What the browser has sent since then stays."""
    _delete_all(Upload.objects.filter(visitor=visitor, created_at__lte=until))
