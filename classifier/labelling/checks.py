"""Hidden checks: images that have a label already are asked once more, among the others."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from classifier.models import InputImage, LabelChange, LabelCheck, QueueItem

# One that was asked and not answered may be asked again after it.
UNANSWERED = timedelta(minutes=5)
# What somebody has labelled within it is no check of theirs: they still know.
SITTING = timedelta(hours=1)


def draw_count(among: int) -> int:
    """How many of so many images are to be checks: LABEL_CHECK_PERCENT, by chance."""
    return sum(secrets.randbelow(100) < settings.LABEL_CHECK_PERCENT for _ in range(among))


def list_eligible(by: User) -> QuerySet[QueueItem]:
    """Labelled images that this person has not answered or skipped as a check before."""
    now = timezone.now()
    past = LabelCheck.objects.filter(asked_of=by).exclude(answer="", asked_at__lt=now - UNANSWERED)
    items = QueueItem.objects.filter(waiting=False).exclude(pk__in=past.values("image"))
    items = items.exclude(image__labelled_by=by, image__labelled_at__gt=now - SITTING)
    return items.exclude(skipped_by__contains=[by.pk])


def create_checks(ids: list[UUID], by: User) -> list[UUID]:
    """Keeps that they are asked; says which still have a label, and are not just being changed."""
    labelled = InputImage.objects.filter(pk__in=ids, queued__waiting=False)
    # Else one that is deleted at this moment would take the whole page with it.
    kept = labelled.select_for_update(of=("self",), no_key=True, skip_locked=True)
    checks = [
        LabelCheck(image_id=image_id, asked_of=by, label=label)
        for image_id, label in kept.values_list("pk", "label")
    ]
    LabelCheck.objects.bulk_create(
        checks,
        update_conflicts=True,
        unique_fields=["image", "asked_of"],
        update_fields=["label", "asked_at"],
    )
    return [check.image_id for check in checks]


def record_answer(image_id: UUID, label: str, by: User) -> bool:
    """Whether this person was asked it as a check; one whose label was taken back since is asked
    for the label itself."""
    asked = LabelCheck.objects.filter(image=image_id, asked_of=by, image__queued__waiting=False)
    return bool(asked.update(answer=label, answered_at=timezone.now()))


def undo_answer(image_id: UUID, by: User) -> bool:
    """Takes back the answer, if that is the last thing that this person said of the image."""
    since = LabelChange.objects.filter(
        image=image_id, changed_by=by, created_at__gt=OuterRef("answered_at")
    )
    answered = LabelCheck.objects.filter(image=image_id, asked_of=by).exclude(answer="")
    return bool(answered.exclude(Exists(since)).update(answer="", answered_at=None))
