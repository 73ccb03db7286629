"""Second looks at labelled images: disputes, and labels that are probably wrong."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.errors import RuleBroken
from classifier.labelling import disputes, labels, suspicion
from classifier.labelling.selection import Order
from classifier.models import Dispute, LabelChange, QueueItem, Via

ORDERS = (Order.DISPUTED, Order.MISLABELLED)


def choose_images(by: User, order: Order, count: int) -> list[UUID]:
    """Choose labelled images for a second look. They are not leased."""
    if order == Order.DISPUTED:
        return disputes.list_disputed(by, count)
    return suspicion.list_suspicious(by, count)


def count_images(order: Order) -> int:
    """Return how many images wait for a second look."""
    if order == Order.DISPUTED:
        return Dispute.objects.open().count()
    return suspicion.filter_suspicious().count()


@transaction.atomic
def record_answer(image_id: UUID, label: str, by: User) -> None:
    """Set the label of an image and its exact copies, and settle the dispute about them.

    Without a dispute, a label that differs from somebody else's opens one. Raise what
    `labels.apply_labels` raises.
    """
    copies, now = _list_copies(image_id), timezone.now()
    contradicted = [
        image.pk
        for image in labels.lock_images(copies)
        if image.label != label and disputes.contradicts_author(image, by)
    ]
    labels.apply_labels(dict.fromkeys(copies, label), by, Via.REVIEW)
    if not disputes.settle_disputes(copies, label, by, now):
        disputes.open_disputes(contradicted, by)
    QueueItem.objects.filter(pk__in=copies).update(reviewed_by=by, reviewed_at=now)


@transaction.atomic
def undo_answer(image_id: UUID, by: User) -> None:
    """Undo this person's answer or skip. Raise what `labels.undo_changes` raises."""
    copies = _list_copies(image_id)
    labels.lock_images(copies)
    reviewed = QueueItem.objects.filter(pk=image_id, reviewed_by=by)
    reviewed_at = reviewed.values_list("reviewed_at", flat=True).first()
    if reviewed_at is None:
        raise RuleBroken(_("There is nothing to undo."))
    QueueItem.objects.filter(pk__in=copies).update(reviewed_by=None, reviewed_at=None)
    changes = LabelChange.objects.filter(
        image__in=copies, changed_by=by, via=Via.REVIEW, created_at__gte=reviewed_at
    )
    labels.undo_changes({*changes.values_list("image", flat=True)}, by)
    disputes.reopen_disputes(copies, by, reviewed_at)


def _list_copies(image_id: UUID) -> set[UUID]:
    """Return the image with all of equal pixels."""
    copies = QueueItem.objects.with_pixels_of([image_id])
    return {image_id, *copies.values_list("pk", flat=True)}
