"""Disputes: different labels of one image by different people."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from classifier.models import Dispute, InputImage, LabelChange, LabelCheck, Via
from classifier.recognition.labels import Label


@dataclass(frozen=True)
class Statement:
    """A label that a person gave an image."""

    by: str
    label: str
    at: datetime
    via: str


def contradicts_author(image: InputImage, by: User) -> bool:
    """Return whether another label by this person contradicts somebody else's."""
    return image.labelled_by_id not in (None, by.pk)


def open_disputes(images: Collection[UUID], by: User) -> None:
    """Open a dispute about each image that has none; `by` gave it another label."""
    disputes = [Dispute(image_id=image, opened_by=by) for image in images]
    Dispute.objects.bulk_create(disputes, ignore_conflicts=True)


def withdraw_disputes(images: Collection[UUID], by: User) -> None:
    """Delete the open disputes that this person opened, unless labels still differ.

    They do while the image has this person's label, or another label than an answer to a check.
    """
    opposing = LabelCheck.objects.filter(
        image=OuterRef("image"), answered_at__gte=OuterRef("opened_at")
    ).exclude(answer=F("image__label"))
    opened = Dispute.objects.open().filter(image__in=images, opened_by=by)
    opened.exclude(image__labelled_by=by).exclude(Exists(opposing)).delete()


def drop_disputes(images: Collection[UUID]) -> None:
    """Delete the open disputes about images that have lost their label."""
    Dispute.objects.open().filter(image__in=images).delete()


def settle_disputes(images: Collection[UUID], label: str, by: User, at: datetime) -> bool:
    """Settle the open disputes about these images. Return False if there are none."""
    disputes = Dispute.objects.open().filter(image__in=images)
    return bool(disputes.update(label=label, settled_by=by, settled_at=at))


def reopen_disputes(images: Collection[UUID], by: User, at: datetime) -> None:
    """Reopen the disputes that this person settled at this time."""
    settled = Dispute.objects.filter(image__in=images, settled_by=by, settled_at=at)
    settled.exclude(image__in=Dispute.objects.open().values("image")).update(
        label="", settled_by=None, settled_at=None
    )


def list_disputed(by: User, count: int) -> list[UUID]:
    """Return disputed images that this person has not skipped, the oldest dispute first.

    The first of several images with equal pixels represents them all.
    """
    disputed = Dispute.objects.open().exclude(image__queued__skipped_by__contains=[by.pk])
    disputed = disputed.order_by("opened_at", "pk")
    by_content: dict[UUID, UUID] = {}
    for image, content in disputed.values_list("image", "image__queued__content"):
        by_content.setdefault(content, image)
    return [*by_content.values()][:count]


def list_statements(images: Collection[UUID]) -> dict[UUID, list[Statement]]:
    """Return the labels that people gave each image, oldest first, without those undone."""
    statements: dict[UUID, list[Statement]] = defaultdict(list)
    changes = LabelChange.objects.filter(image__in=images).select_related("changed_by")
    for change in changes.order_by("id"):
        standing = statements[change.image_id]
        if change.via == Via.UNDO and standing:
            standing.pop()
        elif change.to_label != Label.UNKNOWN:
            standing.append(
                Statement(
                    change.changed_by.username,
                    change.get_to_label_display(),
                    change.created_at,
                    change.get_via_display(),
                )
            )
    checks = LabelCheck.objects.filter(image__in=images, answered_at__isnull=False)
    for check in checks.select_related("asked_of"):
        at = cast(datetime, check.answered_at)
        answer = Statement(check.asked_of.username, check.get_answer_display(), at, _("Check"))
        statements[check.image_id].append(answer)
    return {image: sorted(each, key=attrgetter("at")) for image, each in statements.items()}
