"""Hidden checks: labelled images among the queue's, to measure how well labellers agree."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from classifier.labelling import disputes
from classifier.models import Dispute, InputImage, LabelChange, LabelCheck, QueueItem

# An unanswered check may be shown again after this time.
UNANSWERED_FOR = timedelta(minutes=5)
# People remember their own labels for about this long.
REMEMBERED_FOR = timedelta(hours=1)


def list_eligible(by: User) -> QuerySet[QueueItem]:
    """Return the labelled images that can check this person."""
    now = timezone.now()
    checked = LabelCheck.objects.filter(asked_of=by).exclude(
        answer="", asked_at__lt=now - UNANSWERED_FOR
    )
    items = QueueItem.objects.filter(waiting=False).exclude(pk__in=checked.values("image"))
    items = items.exclude(image__labelled_by=by, image__labelled_at__gt=now - REMEMBERED_FOR)
    items = items.exclude(pk__in=Dispute.objects.open().values("image"))
    return items.exclude(skipped_by__contains=[by.pk])


def create_checks(ids: list[UUID], by: User) -> list[UUID]:
    """Record that images check this person. Return the ids of those that still have a label."""
    labelled = InputImage.objects.filter(pk__in=ids, queued__waiting=False)
    # Skip images that are being changed or deleted: the page must not wait for them.
    free = labelled.select_for_update(of=("self",), no_key=True, skip_locked=True)
    checks = [
        LabelCheck(image_id=image_id, asked_of=by, label=label)
        for image_id, label in free.values_list("pk", "label")
    ]
    LabelCheck.objects.bulk_create(
        checks,
        update_conflicts=True,
        unique_fields=["image", "asked_of"],
        update_fields=["label", "asked_at"],
    )
    return [check.image_id for check in checks]


@transaction.atomic
def record_answer(image_id: UUID, label: str, by: User) -> bool:
    """Record the answer to a check. Return False if there is none or the image lost its label.

    An answer that differs from somebody else's label opens a dispute.
    """
    checks = LabelCheck.objects.filter(image=image_id, asked_of=by, image__queued__waiting=False)
    if not checks.exists():
        return False
    images = InputImage.objects.filter(pk=image_id).only("label", "labelled_by")
    image = images.select_for_update(of=("self",), no_key=True).first()
    if image and image.label != label and disputes.contradicts_author(image, by):
        disputes.open_disputes([image_id], by)
    is_recorded = bool(checks.update(answer=label, answered_at=timezone.now()))
    if image and image.label == label:
        disputes.withdraw_disputes([image_id], by)
    return is_recorded


@transaction.atomic
def undo_answer(image_id: UUID, by: User) -> bool:
    """Remove this person's answer, unless they have changed the label since."""
    later_changes = LabelChange.objects.filter(
        image=image_id, changed_by=by, created_at__gt=OuterRef("answered_at")
    )
    answered = LabelCheck.objects.filter(image=image_id, asked_of=by).exclude(answer="")
    undone = answered.exclude(Exists(later_changes)).update(answer="", answered_at=None)
    if undone:
        disputes.withdraw_disputes([image_id], by)
    return bool(undone)
