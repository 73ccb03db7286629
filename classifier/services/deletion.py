"""Deleting uploads with all that came of them, because somebody asks for it or their time is up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from procrastinate.contrib.django import app

from classifier.models import InputImage, LabelChange, Prediction, Suggestion, Upload
from classifier.request_id import as_argument
from classifier.vocabulary import Label

TASK = "classifier.tasks.delete_sent_by"
BATCH = 200
# Of those, within one request.
AT_ONCE = 2
KEY_OF = "classifier.services.deletion"


@dataclass(frozen=True)
class Derived:
    """How much goes with uploads."""

    images: int
    labels: int
    label_changes: int
    suggestions: int
    predictions: int


def derived(ids: Collection[UUID] | QuerySet[Upload, UUID]) -> Derived:
    images = InputImage.objects.filter(upload__in=ids)
    return Derived(
        images=images.count(),
        labels=images.exclude(label=Label.UNKNOWN).count(),
        label_changes=LabelChange.objects.filter(image__in=images).count(),
        suggestions=Suggestion.objects.filter(image__in=images).count(),
        predictions=Prediction.objects.filter(image__in=images).count(),
    )


@transaction.atomic
def delete(ids: Collection[UUID]) -> int:
    """Their rows, all or none, and then their files; says how many uploads there still were.

    A process that is killed in between leaves files that nobody can reach, until `remove_orphans`.
    """
    uploads = Upload.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    names = list(uploads.values_list("file", flat=True))
    _lock_images(ids)
    Upload.objects.filter(pk__in=ids).delete()
    for name in names:
        transaction.on_commit(partial(default_storage.delete, name), robust=True)
    return len(names)


def _lock_images(ids: Collection[UUID]) -> None:
    """Who is labelling one is let finish, and whoever comes later finds that it is gone."""
    images = InputImage.objects.filter(upload__in=ids).order_by("pk").select_for_update()
    list(images.values_list("pk"))


def key(upload_id: UUID | str) -> str:
    """By which who sent an upload may delete it: nobody else can work it out."""
    return salted_hmac(KEY_OF, str(upload_id), algorithm="sha256").hexdigest()


def is_key(upload_id: UUID | str, given: str) -> bool:
    return constant_time_compare(given, key(upload_id))


def delete_expired() -> int:
    """Uploads that are older than RETENTION_DAYS, labelled or not; says how many."""
    if not settings.RETENTION_DAYS:
        return 0
    limit = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
    return _delete_all(Upload.objects.filter(created_at__lt=limit))


def _delete_all(uploads: QuerySet[Upload], batches: int | None = None) -> int:
    oldest = uploads.order_by("created_at", "pk").values_list("pk", flat=True)[:BATCH]
    until_none_are_left = iter(lambda: list(oldest.all()), [])
    return sum(delete(ids) for ids in islice(until_none_are_left, batches))


def delete_sent_by(visitor: UUID) -> bool:
    """All that a browser has sent so far; says whether it is gone, else the worker goes on."""
    now = timezone.now()
    sent = Upload.objects.filter(visitor=visitor, created_at__lte=now)
    _delete_all(sent, AT_ONCE)
    if not sent.exists():
        return True
    app.configure_task(TASK).defer(visitor=str(visitor), until=now.isoformat(), **as_argument())
    return False


def delete_rest(visitor: UUID, until: datetime) -> None:
    """What the browser has sent since then stays."""
    _delete_all(Upload.objects.filter(visitor=visitor, created_at__lte=until))
