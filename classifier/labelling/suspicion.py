"""Suspicion: how likely labels are wrong, by predictions that were made before them."""

from collections.abc import Collection
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet

from classifier.models import SUSPICIOUS, Dispute, Prediction, QueueItem
from classifier.recognition.label_errors import rate_labels
from classifier.recognition.labels import KNOWN_LABELS


def rate_images(images: Collection[UUID], label: str) -> None:
    """Store how likely it is that the label, which these images have just got, is wrong.

    The newest prediction of each image is older than a new label, so its model has not learned it.
    """
    newest = Prediction.objects.filter(image__in=images).order_by("image", "-id").distinct("image")
    rows = [*newest.values_list("image", "probabilities", "scores__rejection")]
    if not rows:
        return
    ids, probabilities, rejection = zip(*rows, strict=True)
    rated = rate_labels(
        np.array(probabilities, float),
        np.array([value or 0 for value in rejection], float),
        np.full(len(ids), KNOWN_LABELS.index(label)),
    )
    items = [
        QueueItem(pk=image, suspicion=value)
        for image, value in zip(ids, rated.tolist(), strict=True)
    ]
    QueueItem.objects.bulk_update(items, ["suspicion"])


def filter_suspicious() -> QuerySet[QueueItem]:
    """Return the images whose label is probably wrong, without reviewed and disputed ones."""
    items = QueueItem.objects.filter(suspicion__gte=SUSPICIOUS, reviewed_at__isnull=True)
    return items.exclude(pk__in=Dispute.objects.open().values("image"))


def list_suspicious(by: User, count: int) -> list[UUID]:
    """Return images whose label is probably wrong, the most suspicious first.

    Those that this person skipped are left out. The first of several images with equal pixels
    represents them all.
    """
    items = filter_suspicious().exclude(skipped_by__contains=[by.pk])
    first = QueueItem.objects.filter(content=OuterRef("content")).order_by("pk").values("pk")[:1]
    items = items.filter(pk=first).order_by("-suspicion")
    return [*items.values_list("pk", flat=True)[:count]]
