"""Deleting uploads with all that came of them, because somebody asks for it or their time is up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from classifier.models import InputImage, LabelChange, Prediction, Suggestion, Upload
from classifier.vocabulary import Label

BATCH = 200


@dataclass(frozen=True)
class Derived:
    """How much goes with uploads."""

    images: int
    labels: int
    label_changes: int
    suggestions: int
    predictions: int


def derived(ids: Collection[UUID]) -> Derived:
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


def delete_expired() -> int:
    """Uploads that are older than RETENTION_DAYS, labelled or not; says how many."""
    if not settings.RETENTION_DAYS:
        return 0
    limit = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
    expired = Upload.objects.filter(created_at__lt=limit).order_by("created_at", "pk")
    deleted = 0
    while ids := list(expired.values_list("pk", flat=True)[:BATCH]):
        deleted += delete(ids)
    return deleted
