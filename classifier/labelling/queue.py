"""The labelling queue: leasing images to labellers, and their answers."""

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import (
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.labelling import audits, checks, corrections, labels, review, selection
from classifier.labelling.selection import Order
from classifier.models import MISTAKEN_SCORE, InputImage, LabelCheck, Prediction, QueueItem, Via
from classifier.models.locks import acquire_lock
from classifier.recognition.labels import KNOWN_LABELS

LEASE = timedelta(minutes=5)
# Without this lock, somebody who leases at the same moment would find all rows locked.
QUEUE = "labelling queue"
WAITING_COPIES = QueueItem.objects.filter(content=OuterRef("content"), waiting=True)


@transaction.atomic
def lease_page(by: User, order: Order, count: int, again: UUID | None = None) -> list[QueueItem]:
    """Lease images for a page that is opened, and release those of the page before it.

    The image to show `again` comes first.
    """
    release_leases(by)
    first = [again] if again else []
    _lease(first, by)
    return _load_items(first) + lease_next(by, order, count)


@transaction.atomic
def lease_next(by: User, order: Order, count: int) -> list[QueueItem]:
    """Lease the next images to this person for five minutes.

    LABEL_CHECK_PERCENT of the images are hidden checks. Images for a second look are not leased.
    """
    if order in review.ORDERS:
        return _load_items(review.choose_images(by, order, count))
    acquire_lock(QUEUE)
    waiting = selection.choose_images(_lock_free(by), order, count)
    hidden = selection.choose_checks(order, waiting, by)
    chosen = audits.mix_in_audits(waiting[: count - len(hidden)], _lock_free(by))
    _lease(chosen, by)
    for check in hidden:
        chosen.insert(secrets.randbelow(len(chosen) + 1), check)
    return _load_items(chosen)


@transaction.atomic
def lease_by_guess(by: User, guess: str, count: int) -> list[QueueItem]:
    """Lease images that the model calls `guess`, the most certain first."""
    acquire_lock(QUEUE)
    release_leases(by)
    items = _lock_free(by).filter(guess=guess, doubt__lt=MISTAKEN_SCORE)
    chosen = selection.list_ids(items.order_by("doubt", "pk")[:count])
    _lease(chosen, by)
    return _load_items(chosen)


@transaction.atomic
def lease_row(by: User) -> list[QueueItem]:
    """Lease the free digits of a line of writing, in reading order; none if no line has two."""
    acquire_lock(QUEUE)
    release_leases(by)
    chosen = selection.choose_row(_lock_free(by))
    _lease(chosen, by)
    return _load_items(chosen)


@transaction.atomic
def answer_row(answers: Mapping[UUID, str], by: User) -> None:
    """Label the images of a row, all or none; an empty answer skips its image.

    Raise what `labels.apply_labels` raises.
    """
    new_labels = {image_id: label for image_id, label in answers.items() if label}
    copies = {copy: label for pk, label in new_labels.items() for copy in _add_copies([pk])}
    labels.apply_labels(copies | new_labels, by, Via.QUEUE)
    for image_id in answers.keys() - new_labels.keys():
        skip_image(image_id, by)


@transaction.atomic
def undo_row(ids: Collection[UUID], by: User) -> None:
    """Undo the answers to a row. Raise what `undo_answer` raises."""
    for image_id in ids:
        undo_answer(image_id, by)


def release_leases(by: User) -> None:
    """Release the images that this person has not answered."""
    _release(QueueItem.objects.all(), by)


def record_answer(image_id: UUID, label: str, by: User, order: Order = Order.USEFUL) -> None:
    """Set the label or, for a hidden check, store the answer without setting it.

    An answer counts even after its lease has run out. Raise RuleBroken for a label that does not
    exist, and what `labels.apply_labels` raises.
    """
    labels.validate_label(label)
    if order in review.ORDERS:
        review.record_answer(image_id, label, by)
    elif not checks.record_answer(image_id, label, by):
        labels.apply_labels(dict.fromkeys(_add_copies([image_id]), label), by, Via.QUEUE)


def _add_copies(ids: Collection[UUID]) -> set[UUID]:
    """Return the images with all waiting ones of equal pixels."""
    copies = QueueItem.objects.with_pixels_of(ids).filter(waiting=True)
    return {*ids, *selection.list_ids(copies)}


@transaction.atomic
def skip_image(image_id: UUID, by: User) -> None:
    """Leave the image to others. Raise InputImage.DoesNotExist if it has been deleted."""
    item = QueueItem.objects.filter(pk=image_id)
    skippers = Func(_list_other_skippers(by), Value(by.pk), function="array_append")
    if not item.update(skipped_by=skippers):
        raise InputImage.DoesNotExist(_("The image has been deleted."))
    _release(item, by)


@transaction.atomic
def undo_answer(image_id: UUID, by: User, order: Order = Order.USEFUL) -> None:
    """Undo this person's answer or skip, and lease the image to them again.

    Raise what `labels.undo_changes` raises.
    """
    skipped = QueueItem.objects.filter(pk=image_id, skipped_by__contains=[by.pk])
    if not skipped.update(skipped_by=_list_other_skippers(by)):
        _revert_answer(image_id, by, order)
    _lease([image_id], by)


def _list_other_skippers(by: User) -> Func:
    return Func(F("skipped_by"), Value(by.pk), function="array_remove")


def _revert_answer(image_id: UUID, by: User, order: Order) -> None:
    if order in review.ORDERS:
        review.undo_answer(image_id, by)
    elif not (checks.undo_answer(image_id, by) or corrections.undo_acceptance(image_id, by)):
        labels.undo_changes(_add_labelled_copies([image_id], by), by)


def _add_labelled_copies(ids: Collection[UUID], by: User) -> set[UUID]:
    """Return the images with those of equal pixels that this person labelled at the same time."""
    images = InputImage.objects.filter(pk__in=ids)
    copies = InputImage.objects.filter(
        queued__content__in=images.values("queued__content"),
        labelled_by=by,
        labelled_at__in=images.values("labelled_at"),
    )
    return {*ids, *copies.values_list("pk", flat=True)}


@transaction.atomic
def confirm_guess(
    guess: str, right: Collection[UUID], wrong: Collection[UUID], by: User
) -> dict[UUID, float]:
    """Label the right images, and move the wrong ones to the front of the queue.

    Return the scores that `undo_confirmation` restores. Raise what `record_answer` raises.
    """
    labels.validate_label(guess)
    labels.apply_labels(dict.fromkeys(_add_copies(right), guess), by, Via.GRID)
    items = QueueItem.objects.filter(pk__in=wrong)
    scores = dict(items.values_list("pk", "doubt"))
    items.update(doubt=MISTAKEN_SCORE)
    _release(items, by)
    return scores


@transaction.atomic
def undo_confirmation(right: Collection[UUID], scores: Mapping[UUID, float], by: User) -> None:
    """Undo `confirm_guess`. Raise what `labels.undo_changes` raises."""
    labels.undo_changes(_add_labelled_copies(right, by), by)
    items = [QueueItem(pk=image_id, doubt=score) for image_id, score in scores.items()]
    QueueItem.objects.bulk_update(items, ["doubt"])


def count_waiting(order: Order = Order.USEFUL) -> int:
    """Return how many images wait for a label or, in the orders for it, for a second look."""
    if order in review.ORDERS:
        return review.count_images(order)
    return QueueItem.objects.filter(waiting=True).count()


def count_by_guess() -> dict[str, int]:
    """Return how many waiting images the model calls each label, without its known mistakes."""
    items = QueueItem.objects.filter(waiting=True, doubt__lt=MISTAKEN_SCORE)
    counts = dict(items.values_list("guess").annotate(count=Count("*")).order_by())
    return {guess: counts.get(guess, 0) for guess in KNOWN_LABELS}


def has_unavailable(by: User) -> bool:
    """Return whether images wait that are leased to others or that this person skipped."""
    return QueueItem.objects.filter(waiting=True).exclude(leased_to=by).exists()


def has_near_duplicates(by: User) -> bool:
    """Return whether near-duplicates wait, which `Order.USEFUL` leaves out."""
    return _filter_free(by).filter(duplicate=True).exists()


def count_labelled_today(by: User) -> int:
    """Return how many images this person has labelled, with checks so that these stay hidden."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    images = InputImage.objects.filter(labelled_by=by, labelled_at__gte=midnight)
    answers = LabelCheck.objects.filter(asked_of=by, answered_at__gte=midnight)
    return images.count() + answers.count()


def _filter_free(by: User) -> QuerySet[QueueItem]:
    """Return the waiting items without a lease that this person has not skipped.

    The first of several images with equal pixels represents them all.
    """
    leased = Q(leased_to__isnull=False, leased_until__gt=timezone.now())
    free = QueueItem.objects.filter(waiting=True).exclude(leased)
    free = free.exclude(Exists(WAITING_COPIES.filter(pk__lt=OuterRef("pk"))))
    return free.exclude(skipped_by__contains=[by.pk])


def _lock_free(by: User) -> QuerySet[QueueItem]:
    """Return the free items and lock them, except those that are being answered."""
    return _filter_free(by).select_for_update(skip_locked=True)


def _lease(ids: list[UUID], by: User) -> None:
    items = QueueItem.objects.filter(pk__in=ids, waiting=True)
    items.update(leased_to=by, leased_until=timezone.now() + LEASE)


def _release(items: QuerySet[QueueItem], by: User) -> None:
    items.filter(leased_to=by).update(leased_to=None, leased_until=None)


def _load_items(ids: list[UUID]) -> list[QueueItem]:
    """Return the items in this order, with everything that a page shows of them."""
    newest_first = Prediction.objects.order_by("-id")
    items = QueueItem.objects.select_related("image__upload").prefetch_related(
        Prefetch("image__predictions", queryset=newest_first)
    )
    equal = QueueItem.objects.filter(content=OuterRef("content"), waiting=OuterRef("waiting"))
    others = equal.exclude(pk=OuterRef("pk")).order_by().values("content")
    copies = others.annotate(n=Count("*")).values("n")
    loaded = items.defer("embedding").annotate(copies=Subquery(copies)).in_bulk(ids)
    return [loaded[image_id] for image_id in ids if image_id in loaded]
