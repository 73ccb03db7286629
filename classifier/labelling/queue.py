"""The labelling queue: what to ask next, who is being asked, and what they answer."""

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

import numpy as np
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Count, F, Func, Min, Prefetch, Q, QuerySet, Value
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.labelling import audits, checks, labels
from classifier.models import MISTAKEN_SCORE, InputImage, LabelCheck, Prediction, QueueItem, Via
from classifier.recognition import active_learning
from classifier.recognition.labels import KNOWN_LABELS

LEASE = timedelta(minutes=5)
# The most useful are chosen among so many of the most doubtful, and told from so many labelled.
POOL = 256
LENGTH = 64  # of embeddings where none of the pool has one
# The doubt of what somebody has seen not to be what the model says.
TAKING = 0x7175657565  # of an advisory lock; "queue" in ASCII


class Order(StrEnum):
    """What is asked first."""

    USEFUL = "useful"
    DOUBT = "doubt"
    NEWEST = "newest"
    DISPUTED = "disputed"
    RANDOM = "random"


BY_DOUBT = (Order.USEFUL, Order.DOUBT, Order.DISPUTED)


@transaction.atomic
def lease_page(by: User, order: Order, count: int, again: UUID | None = None) -> list[QueueItem]:
    """`take` for a page that is opened: what the one before it leased is free first.

    The image to ask `again`, where there is one, comes before the others.
    """
    release_leases(by)
    first = [again] if again else []
    _lease(first, by)
    return _with_all_shown(first) + lease_next(by, order, count)


@transaction.atomic
def lease_next(by: User, order: Order, count: int) -> list[QueueItem]:
    """The next images to ask this person, leased to them for five minutes.

    LABEL_CHECK_PERCENT of them, hidden among the others, have a label already.
    """
    _one_at_a_time()
    new = _useful(by, count) if order == Order.USEFUL else _in_order(by, order, count)
    hidden = _checks(order, new, by)
    chosen = audits.mix_in_audits(new[: count - len(hidden)], _takeable(by))
    _lease(chosen, by)
    for check in hidden:
        chosen.insert(secrets.randbelow(len(chosen) + 1), check)
    return _with_all_shown(chosen)


@transaction.atomic
def lease_by_guess(by: User, guess: str, count: int) -> list[QueueItem]:
    """Images that the model calls `guess`, the surest first, leased as in `start`."""
    _one_at_a_time()
    release_leases(by)
    alike = _takeable(by).filter(guess=guess, doubt__lt=MISTAKEN_SCORE)
    chosen = _ids(alike.order_by("doubt", "pk")[:count])
    _lease(chosen, by)
    return _with_all_shown(chosen)


def release_leases(by: User) -> None:
    """Gives back what this person has been asked and has not answered."""
    _give_back(QueueItem.objects.all(), by)


def record_answer(image_id: UUID, label: str, by: User) -> None:
    """Set the label or, for a hidden check, store the answer beside it.

    An answer counts even after its lease has run out. Raise what `labels.set_label` raises.
    """
    if label not in KNOWN_LABELS:
        raise RuleBroken(f"{label!r} is no answer. Use one of: {', '.join(KNOWN_LABELS)}.")
    if not checks.record_answer(image_id, label, by):
        labels.set_label(image_id, label, by, Via.QUEUE)


@transaction.atomic
def skip(image_id: UUID, by: User) -> None:
    """This person is not asked it again; others are.

    Raises InputImage.DoesNotExist where it is gone.
    """
    item = QueueItem.objects.filter(pk=image_id)
    others = Func(F("skipped_by"), Value(by.pk), function="array_remove")
    if not item.update(skipped_by=Func(others, Value(by.pk), function="array_append")):
        raise InputImage.DoesNotExist("The image has been deleted.")
    _give_back(item, by)


@transaction.atomic
def undo(image_id: UUID, by: User) -> None:
    """Takes back this person's answer or skip and leases the image to them again.

    Raises as `labels.undo_changes`.
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
    """Labels the right ones; in the wrong ones the model is mistaken, which makes them useful.

    Returns what `reopen` needs. Raises as `labels.set_labels`.
    """
    if guess not in KNOWN_LABELS:
        raise RuleBroken(f"{guess!r} is no guess. Use one of: {', '.join(KNOWN_LABELS)}.")
    labels.set_labels(right, guess, by, Via.GRID)
    items = QueueItem.objects.filter(pk__in=wrong)
    doubts = dict(items.values_list("pk", "doubt"))
    items.update(doubt=MISTAKEN_SCORE)
    _give_back(items, by)
    return doubts


@transaction.atomic
def undo_confirmation(right: Collection[UUID], doubts: Mapping[UUID, float], by: User) -> None:
    """Takes back a `confirm`. Raises as `labels.undo_changes`."""
    labels.undo_changes(right, by)
    items = [QueueItem(pk=image_id, doubt=doubt) for image_id, doubt in doubts.items()]
    QueueItem.objects.bulk_update(items, ["doubt"])


def count_waiting() -> int:
    return QueueItem.objects.filter(waiting=True).count()


def count_by_guess() -> dict[str, int]:
    """How many the grid of each guess has."""
    items = QueueItem.objects.filter(waiting=True, doubt__lt=MISTAKEN_SCORE)
    counts = dict(items.values_list("guess").annotate(count=Count("*")).order_by())
    return {guess: counts.get(guess, 0) for guess in KNOWN_LABELS}


def has_withheld(by: User) -> bool:
    """Whether something waits that is leased to others, or that this person skipped."""
    return QueueItem.objects.filter(waiting=True).exclude(leased_to=by).exists()


def has_near_duplicates(by: User) -> bool:
    """Those that `Order.USEFUL` leaves out."""
    return _free(by).filter(duplicate=True).exists()


def count_labelled_today(by: User) -> int:
    """Checks count too: who is asked must not notice."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    images = InputImage.objects.filter(labelled_by=by, labelled_at__gte=midnight)
    return (
        images.count() + LabelCheck.objects.filter(asked_of=by, answered_at__gte=midnight).count()
    )


def _one_at_a_time() -> None:
    """Until the transaction ends: else who takes at the same moment would find the pool locked,
    and believe that nothing waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAKING])


def _free(by: User) -> QuerySet[QueueItem]:
    """What waits, is leased to nobody and was not skipped by this person."""
    leased = Q(leased_to__isnull=False, leased_until__gt=timezone.now())
    free = QueueItem.objects.filter(waiting=True).exclude(leased)
    return free.exclude(skipped_by__contains=[by.pk])


def _takeable(by: User) -> QuerySet[QueueItem]:
    """Locked, but for what is being answered right now."""
    return _free(by).select_for_update(skip_locked=True)


def _ids(items: QuerySet[QueueItem]) -> list[UUID]:
    return list(items.values_list("pk", flat=True))


def _in_order(by: User, order: Order, count: int) -> list[UUID]:
    free = _takeable(by)
    match order:
        case Order.NEWEST:
            return _ids(free.order_by("-created_at")[:count])
        case Order.RANDOM:
            return _random(free, count)
        case Order.DISPUTED:
            free = _disputed(free)
    return _ids(free.order_by("-doubt")[:count])


def _disputed(items: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    return items.exclude(suggestion="").exclude(suggestion=F("guess"))


def _random(items: QuerySet[QueueItem], count: int) -> list[UUID]:
    """From a random place on, and on from the start: ids are random themselves."""
    start = uuid4()
    after = _ids(items.filter(pk__gte=start).order_by("pk")[:count])
    before = items.filter(pk__lt=start).order_by("pk")
    return after + (_ids(before[: count - len(after)]) if len(after) < count else [])


def _useful(by: User, count: int) -> list[UUID]:
    """Near-duplicates are marked as such on the way, and not looked at again."""
    free = _takeable(by).filter(duplicate=False)
    while pool := list(free.order_by("-doubt").only("doubt", "embedding")[:POOL]):
        chosen = _choose(pool, count)
        near = [pool[place].pk for place in chosen.duplicates]
        QueueItem.objects.filter(pk__in=near).update(duplicate=True)
        if chosen.order:
            return [pool[place].pk for place in chosen.order]
    return []


def _choose(pool: list[QueueItem], count: int) -> active_learning.Chosen:
    stored = [bytes(item.embedding) for item in pool]
    length = max(map(len, stored)) or LENGTH
    doubts = np.array([item.doubt for item in pool])
    images, known = (_comparable(each, length) for each in (stored, _known()))
    return active_learning.most_useful(doubts, images, known, count)


def _comparable(stored: list[bytes], length: int) -> active_learning.Embeddings:
    """What another kind of model saw is like nothing else: random places are far apart."""
    rows = (each if len(each) == length else secrets.token_bytes(length) for each in stored)
    return active_learning.embeddings([*rows], length)


def _known() -> list[bytes]:
    """The embeddings of what was labelled last, and of what is being asked."""
    items = QueueItem.objects.values_list("embedding", flat=True)
    done = InputImage.objects.filter(labelled_at__isnull=False).order_by("-labelled_at")
    labelled = items.filter(pk__in=done.values("pk")[:POOL])
    asked = items.filter(leased_to__isnull=False, leased_until__gt=timezone.now())[:POOL]
    return [bytes(embedding) for found in (labelled, asked) for embedding in found]


def _lease(ids: list[UUID], by: User) -> None:
    items = QueueItem.objects.filter(pk__in=ids, waiting=True)
    items.update(leased_to=by, leased_until=timezone.now() + LEASE)


def _give_back(items: QuerySet[QueueItem], by: User) -> None:
    items.filter(leased_to=by).update(leased_to=None, leased_until=None)


def _checks(order: Order, new: list[UUID], by: User) -> list[UUID]:
    """To hide among the new ones, from which they don't stand out: as disputed, as doubtful."""
    count = checks.draw_count(len(new))
    if not count:
        return []
    items = checks.list_eligible(by)
    if order == Order.DISPUTED:
        items = _disputed(items)
    if order in BY_DOUBT:
        least = QueueItem.objects.filter(pk__in=new).aggregate(least=Min("doubt"))["least"]
        items = items.filter(doubt__gte=least)
    return checks.create_checks(_random(items, count), by)


def _with_all_shown(ids: list[UUID]) -> list[QueueItem]:
    """In this order, with what a page needs of each."""
    newest_first = Prediction.objects.order_by("-id")
    items = QueueItem.objects.select_related("image__upload").prefetch_related(
        Prefetch("image__predictions", queryset=newest_first)
    )
    found = items.defer("embedding").in_bulk(ids)
    return [found[image_id] for image_id in ids if image_id in found]
