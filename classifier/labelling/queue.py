"""The labelling queue: which images to show next, to whom they are leased, and the answers."""

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Func, Min, Prefetch, Q, QuerySet, Value
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.labelling import audits, checks, labels
from classifier.models import MISTAKEN_SCORE, InputImage, LabelCheck, Prediction, QueueItem, Via
from classifier.models.locks import lock
from classifier.recognition import active_learning
from classifier.recognition.labels import KNOWN_LABELS
from classifier.registry import shadow

LEASE = timedelta(minutes=5)
# The most useful images are chosen from so many with the highest scores, and compared with so many
# labelled ones.
POOL = 256
EMBEDDING_LENGTH = 64  # if no image of the pool has an embedding
# Without this lock, somebody who leases at the same moment would find all rows locked.
QUEUE = "labelling queue"


class Order(StrEnum):
    """Which images come first."""

    USEFUL = "useful"
    DOUBT = "doubt"
    NEWEST = "newest"
    DISPUTED = "disputed"
    DECISIVE = "decisive"
    RANDOM = "random"


BY_SCORE = (Order.USEFUL, Order.DOUBT, Order.DISPUTED)


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

    LABEL_CHECK_PERCENT of the images are hidden checks.
    """
    lock(QUEUE)
    useful = order == Order.USEFUL
    waiting = _choose_useful(by, count) if useful else _choose_in_order(by, order, count)
    hidden = _choose_checks(order, waiting, by)
    chosen = audits.mix_in_audits(waiting[: count - len(hidden)], _lock_free(by))
    _lease(chosen, by)
    for check in hidden:
        chosen.insert(secrets.randbelow(len(chosen) + 1), check)
    return _load_items(chosen)


@transaction.atomic
def lease_by_guess(by: User, guess: str, count: int) -> list[QueueItem]:
    """Lease images that the model calls `guess`, the most certain first."""
    lock(QUEUE)
    release_leases(by)
    items = _lock_free(by).filter(guess=guess, doubt__lt=MISTAKEN_SCORE)
    chosen = _list_ids(items.order_by("doubt", "pk")[:count])
    _lease(chosen, by)
    return _load_items(chosen)


def release_leases(by: User) -> None:
    """Release the images that this person has not answered."""
    _release(QueueItem.objects.all(), by)


def record_answer(image_id: UUID, label: str, by: User) -> None:
    """Set the label or, for a hidden check, record the answer beside it.

    An answer counts even after its lease has run out. Raise what `labels.set_label` raises.
    """
    _validate(label)
    if not checks.record_answer(image_id, label, by):
        labels.set_label(image_id, label, by, Via.QUEUE)


def _validate(label: str) -> None:
    if label not in KNOWN_LABELS:
        raise RuleBroken(f"{label!r} is not a label. Use one of: {', '.join(KNOWN_LABELS)}.")


@transaction.atomic
def skip(image_id: UUID, by: User) -> None:
    """Leave the image to others. Raise InputImage.DoesNotExist if it has been deleted."""
    item = QueueItem.objects.filter(pk=image_id)
    others = Func(F("skipped_by"), Value(by.pk), function="array_remove")
    if not item.update(skipped_by=Func(others, Value(by.pk), function="array_append")):
        raise InputImage.DoesNotExist("The image has been deleted.")
    _release(item, by)


@transaction.atomic
def undo(image_id: UUID, by: User) -> None:
    """Undo this person's answer or skip, and lease the image to them again.

    Raise what `labels.undo_changes` raises.
    """
    others = Func(F("skipped_by"), Value(by.pk), function="array_remove")
    skipped = QueueItem.objects.filter(pk=image_id, skipped_by__contains=[by.pk])
    if not skipped.update(skipped_by=others) and not checks.undo_answer(image_id, by):
        labels.undo_changes([image_id], by)
    _lease([image_id], by)


@transaction.atomic
def confirm_guess(
    guess: str, right: Collection[UUID], wrong: Collection[UUID], by: User
) -> dict[UUID, float]:
    """Label the right images and move the wrong ones, where the model is mistaken, to the front.

    Return the scores that `undo_confirmation` restores. Raise what `labels.set_labels` raises.
    """
    _validate(guess)
    labels.set_labels(right, guess, by, Via.GRID)
    items = QueueItem.objects.filter(pk__in=wrong)
    scores = dict(items.values_list("pk", "doubt"))
    items.update(doubt=MISTAKEN_SCORE)
    _release(items, by)
    return scores


@transaction.atomic
def undo_confirmation(right: Collection[UUID], scores: Mapping[UUID, float], by: User) -> None:
    """Undo `confirm_guess`. Raise what `labels.undo_changes` raises."""
    labels.undo_changes(right, by)
    items = [QueueItem(pk=image_id, doubt=score) for image_id, score in scores.items()]
    QueueItem.objects.bulk_update(items, ["doubt"])


def count_waiting() -> int:
    return QueueItem.objects.filter(waiting=True).count()


def count_by_guess() -> dict[str, int]:
    """Return how many waiting images the model calls each label, without its known mistakes."""
    items = QueueItem.objects.filter(waiting=True, doubt__lt=MISTAKEN_SCORE)
    counts = dict(items.values_list("guess").annotate(count=Count("*")).order_by())
    return {guess: counts.get(guess, 0) for guess in KNOWN_LABELS}


def has_withheld(by: User) -> bool:
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
    """Return the waiting items without a lease that this person has not skipped."""
    leased = Q(leased_to__isnull=False, leased_until__gt=timezone.now())
    free = QueueItem.objects.filter(waiting=True).exclude(leased)
    return free.exclude(skipped_by__contains=[by.pk])


def _lock_free(by: User) -> QuerySet[QueueItem]:
    """Return the free items and lock them, except those that are being answered."""
    return _filter_free(by).select_for_update(skip_locked=True)


def _list_ids(items: QuerySet[QueueItem]) -> list[UUID]:
    return list(items.values_list("pk", flat=True))


def _choose_in_order(by: User, order: Order, count: int) -> list[UUID]:
    free = _lock_free(by)
    match order:
        case Order.NEWEST:
            return _list_ids(free.order_by("-created_at")[:count])
        case Order.RANDOM:
            return _choose_random(free, count)
        case Order.DECISIVE:
            return _choose_random(_filter_decisive(free), count)
        case Order.DISPUTED:
            free = _filter_disputed(free)
    return _list_ids(free.order_by("-doubt")[:count])


def _filter_decisive(items: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    """Return the items that the candidate reads differently than the champion."""
    candidate = shadow.find_candidate()
    if candidate is None:
        return items.none()
    return items.filter(pk__in=shadow.list_differing(candidate).order_by().values("image"))


def _filter_disputed(items: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    return items.exclude(suggestion="").exclude(suggestion=F("guess"))


def _choose_random(items: QuerySet[QueueItem], count: int) -> list[UUID]:
    """Choose from a random id on, wrapping around: ids are random themselves."""
    start = uuid4()
    after = _list_ids(items.filter(pk__gte=start).order_by("pk")[:count])
    before = items.filter(pk__lt=start).order_by("pk")
    return after + (_list_ids(before[: count - len(after)]) if len(after) < count else [])


def _choose_useful(by: User, count: int) -> list[UUID]:
    """Choose by active learning, and mark near-duplicates so that they are not compared again."""
    free = _lock_free(by).filter(duplicate=False)
    while pool := list(free.order_by("-doubt").only("doubt", "embedding")[:POOL]):
        chosen = _rank(pool, count)
        duplicates = [pool[index].pk for index in chosen.duplicates]
        QueueItem.objects.filter(pk__in=duplicates).update(duplicate=True)
        if chosen.order:
            return [pool[index].pk for index in chosen.order]
    return []


def _rank(pool: list[QueueItem], count: int) -> active_learning.Selection:
    stored = [bytes(item.embedding) for item in pool]
    length = max(map(len, stored)) or EMBEDDING_LENGTH
    scores = np.array([item.doubt for item in pool])
    images, labelled = (
        _stack_embeddings(each, length) for each in (stored, _list_labelled_embeddings())
    )
    return active_learning.select_batch(scores, images, labelled, count)


def _stack_embeddings(stored: list[bytes], length: int) -> active_learning.Embeddings:
    """Stack embeddings; those of another kind of model become random, so they resemble nothing."""
    rows = (each if len(each) == length else secrets.token_bytes(length) for each in stored)
    return active_learning.decode_embeddings([*rows], length)


def _list_labelled_embeddings() -> list[bytes]:
    """Return the embeddings of the images that were labelled last and of those that are leased."""
    items = QueueItem.objects.values_list("embedding", flat=True)
    images = InputImage.objects.filter(labelled_at__isnull=False).order_by("-labelled_at")
    labelled = items.filter(pk__in=images.values("pk")[:POOL])
    leased = items.filter(leased_to__isnull=False, leased_until__gt=timezone.now())[:POOL]
    return [bytes(embedding) for embeddings in (labelled, leased) for embedding in embeddings]


def _lease(ids: list[UUID], by: User) -> None:
    items = QueueItem.objects.filter(pk__in=ids, waiting=True)
    items.update(leased_to=by, leased_until=timezone.now() + LEASE)


def _release(items: QuerySet[QueueItem], by: User) -> None:
    items.filter(leased_to=by).update(leased_to=None, leased_until=None)


def _choose_checks(order: Order, waiting: list[UUID], by: User) -> list[UUID]:
    """Choose checks that don't stand out among the waiting images, by dispute and score."""
    count = checks.draw_count(len(waiting))
    if not count:
        return []
    items = checks.list_eligible(by)
    if order == Order.DISPUTED:
        items = _filter_disputed(items)
    if order in BY_SCORE:
        least = QueueItem.objects.filter(pk__in=waiting).aggregate(least=Min("doubt"))["least"]
        items = items.filter(doubt__gte=least)
    return checks.create_checks(_choose_random(items, count), by)


def _load_items(ids: list[UUID]) -> list[QueueItem]:
    """Return the items in this order, with what a page shows of each."""
    newest_first = Prediction.objects.order_by("-id")
    items = QueueItem.objects.select_related("image__upload").prefetch_related(
        Prefetch("image__predictions", queryset=newest_first)
    )
    loaded = items.defer("embedding").in_bulk(ids)
    return [loaded[image_id] for image_id in ids if image_id in loaded]
