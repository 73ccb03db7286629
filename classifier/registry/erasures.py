"""Forgetting: models that were trained on deleted images, and their replacement."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Func, Q, QuerySet, Value
from django.utils import timezone

from classifier.models import Erasure, ModelVersion

# The sheet of training images, which may show a deleted one. No other plot shows uploads, and
# exemplars are MNIST's.
PLOT = "classes.png"
TRAINED_ON = """
SELECT image, array_agg(name ORDER BY id)
FROM model_versions, unnest(%s::text[]) AS image
WHERE jsonb_exists(snapshot -> 'corrected', image)
GROUP BY image
"""
# A deletion that is not committed yet has locked its images: this waits for it.
REMAINING = "SELECT id FROM input_data WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"


def record_erasures(uploads: Mapping[UUID, UUID]) -> None:
    """Record which models were trained on images that this transaction deletes.

    `uploads` maps each image to its upload. The models' sheets of training images are deleted once
    that is committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(TRAINED_ON, [[str(image) for image in uploads]])
        trained = {UUID(image): names for image, names in cursor.fetchall()}
    Erasure.objects.bulk_create(
        Erasure(image_id=image, upload_id=upload, trained_models=trained.get(image, []))
        for image, upload in uploads.items()
    )
    names = {name for models in trained.values() for name in models}
    transaction.on_commit(lambda: _delete_plots(names), robust=True)


def record_learned_deletions(model: ModelVersion) -> None:
    """Record that a new model was trained on images that were deleted while it was trained."""
    learned = {UUID(image) for image in model.snapshot.get("corrected", {})}
    with connection.cursor() as cursor:
        cursor.execute(REMAINING, [[*learned]])
        deleted = learned - {image for (image,) in cursor.fetchall()}
    if deleted:
        names = Func(F("trained_models"), Value(model.name), function="array_append")
        Erasure.objects.filter(image_id__in=deleted).update(trained_models=names)
        transaction.on_commit(lambda: _delete_plots([model.name]), robust=True)


def delete_remaining_plots() -> None:
    """Delete the sheets that a killed process left after recording a deletion."""
    names = Erasure.objects.annotate(name=Func("trained_models", function="unnest"))
    _delete_plots(names.values_list("name", flat=True).distinct())


def _delete_plots(models: Collection[str] | QuerySet[Erasure, str]) -> None:
    for name in models:
        (settings.IMAGES_DIR / name / PLOT).unlink(missing_ok=True)


def list_deleted_images(model: ModelVersion) -> QuerySet[Erasure]:
    """Return the deleted images that a model was trained on, the first deletion first."""
    return Erasure.objects.filter(trained_models__contains=[model.name]).order_by("created_at")


def list_erasures() -> QuerySet[Any]:
    """Return all deletions. Each `is_forgotten` unless the champion was trained on its image."""
    champion = ModelVersion.objects.champion()
    is_forgotten = ~Q(trained_models__contains=[champion.name if champion else ""])
    return Erasure.objects.annotate(is_forgotten=ExpressionWrapper(is_forgotten, BooleanField()))


def compute_deadline(model: ModelVersion) -> datetime | None:
    """Return when FORGET_WITHIN_DAYS requires a model without the images deleted since."""
    first = list_deleted_images(model).first() if settings.FORGET_WITHIN_DAYS else None
    return first.created_at + timedelta(days=settings.FORGET_WITHIN_DAYS) if first else None


def is_forgetting_due() -> bool:
    """Return whether the champion's deadline is less than a day away, as a training takes hours."""
    champion = ModelVersion.objects.champion()
    deadline = compute_deadline(champion) if champion else None
    return deadline is not None and deadline - timedelta(days=1) <= timezone.now()
