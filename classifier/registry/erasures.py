"""Forgetting: models that were trained on deleted images, and their replacement."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from classifier.models import Erasure, ModelVersion

# The sheet of training images, which may show a deleted one.
PLOT = "classes.png"
TRAINED_ON = """
SELECT image, array_agg(name)
FROM model_versions, unnest(%s::text[]) AS image
WHERE jsonb_exists(snapshot -> 'corrected', image)
GROUP BY image
"""


def record_erasures(images: Collection[UUID]) -> None:
    """Record which models were trained on images that this transaction deletes.

    Their sheets of training images are deleted once that is committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(TRAINED_ON, [[str(image) for image in images]])
        trained = cursor.fetchall()
    Erasure.objects.bulk_create(
        [Erasure(image_id=UUID(image), trained_models=names) for image, names in trained]
    )
    names = {name for _, models in trained for name in models}
    transaction.on_commit(lambda: _delete_plots(names), robust=True)


def _delete_plots(models: Collection[str]) -> None:
    for name in models:
        (settings.IMAGES_DIR / name / PLOT).unlink(missing_ok=True)


def list_owed(model: ModelVersion) -> QuerySet[Erasure]:
    """Return the deleted images that a model was trained on, the first deletion first."""
    return Erasure.objects.filter(trained_models__contains=[model.name]).order_by("created_at")


def is_forgetting_due() -> bool:
    """Return whether FORGET_WITHIN_DAYS asks for a champion without the images deleted since.

    A day before the last is left for the training itself.
    """
    champion = ModelVersion.objects.champion()
    if champion is None or not settings.FORGET_WITHIN_DAYS:
        return False
    limit = timezone.now() - timedelta(days=settings.FORGET_WITHIN_DAYS - 1)
    return list_owed(champion).filter(created_at__lte=limit).exists()
