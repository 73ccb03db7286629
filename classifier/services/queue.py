"""The labelling queue: what to ask next, who is being asked, and what they answer."""

import secrets
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Func, Prefetch, Q, QuerySet, Value
from django.utils import timezone

from classifier import usefulness
from classifier.models import InputImage, LabelCheck, Prediction, QueueItem, Via
from classifier.services import RuleBroken, labels
from classifier.vocabulary import KNOWN_LABELS

LEASE = timedelta(minutes=5)
# The most useful are chosen among so many of the most doubtful, and told from so many labelled.
POOL = 256
ROUNDS = 4


class Order(StrEnum):
    """What is asked first."""

    USEFUL = "useful"
    DOUBT = "doubt"
    NEWEST = "newest"
    DISPUTED = "disputed"
    RANDOM = "random"


@transaction.atomic
def take(by: User, order: Order, count: int) -> list[QueueItem]:
    """The next images to ask this person, leased to them for five minutes.

    LABEL_CHECK_PERCENT of them, hidden among the others, have a label already.
    """
    checks = _checks(by, sum(_is_check() for _ in range(count)))
    wanted = count - len(checks)
    new = _useful(by, wanted) if order == Order.USEFUL else _in_order(by, order, wanted)
    _lease(new, by)
    chosen = new[:]
    for check in checks:
        chosen.insert(secrets.randbelow(len(chosen) + 1), check)
    return _with_all_shown(chosen)


@transaction.atomic
def take_alike(by: User, guess: str, count: int) -> list[QueueItem]:
    """Images that the model calls `guess`, the surest first, leased as in `take`."""
    chosen = _ids(_free(by).filter(guess=guess).order_by("doubt", "pk")[:count])
    _lease(chosen, by)
    return _with_all_shown(chosen)


def release(by: User) -> None:
    """Gives back what this person has been asked and has not answered."""
    QueueItem.objects.filter(leased_to=by).update(leased_to=None, leased_until=None)


def answer(image_id: UUID, label: str, by: User) -> None:
    """Sets the label or, of a hidden check, keeps the answer beside it. Raises as `labels.label`.

    An answer that comes after the lease ran out counts too: history has both.
    """
    if label not in KNOWN_LABELS:
        raise RuleBroken(f"{label!r} is no answer. Use one of: {', '.join(KNOWN_LABELS)}.")
    asked = LabelCheck.objects.filter(image=image_id, asked_of=by, answer="")
    if not asked.update(answer=label, answered_at=timezone.now()):
        labels.label(image_id, label, by, Via.QUEUE)


def skip(image_id: UUID, by: User) -> None:
    """This person is not asked it again; others are."""
    if not LabelCheck.objects.filter(image=image_id, asked_of=by, answer="").delete()[0]:
        appended = Func(F("skipped_by"), Value(by.pk), function="array_append")
        QueueItem.objects.filter(pk=image_id).exclude(skipped_by__contains=[by.pk]).update(
            skipped_by=appended, leased_to=None, leased_until=None
        )


@transaction.atomic
def undo(ids: Collection[UUID], by: User) -> list[QueueItem]:
    """Takes back this person's answers or skips and leases the images to them again.

    Raises as `labels.undo`.
    """
    removed = Func(F("skipped_by"), Value(by.pk), function="array_remove")
    skipped = QueueItem.objects.filter(pk__in=ids, skipped_by__contains=[by.pk])
    checked = LabelCheck.objects.filter(image__in=ids, asked_of=by).exclude(answer="")
    taken_back = {*_ids(skipped), *checked.values_list("image", flat=True)}
    skipped.update(skipped_by=removed)
    checked.update(answer="", answered_at=None)
    labels.undo(set(ids) - taken_back, by)
    _lease([*ids], by)
    return _with_all_shown([*ids])


@transaction.atomic
def confirm(digit: str, right: Collection[UUID], wrong: Collection[UUID], by: User) -> None:
    """Labels the right ones; in the wrong ones the model is mistaken, which makes them useful.

    Raises as `labels.label_all`.
    """
    labels.label_all(right, digit, by, Via.GRID)
    items = QueueItem.objects.filter(pk__in=wrong)
    items.update(doubt=1.0, leased_to=None, leased_until=None)


def _free(by: User) -> QuerySet[QueueItem]:
    """What waits, is leased to nobody and was not skipped by this person; locked."""
    leased = Q(leased_to__isnull=False, leased_until__gt=timezone.now())
    free = QueueItem.objects.filter(waiting=True).exclude(leased)
    return free.exclude(skipped_by__contains=[by.pk]).select_for_update(skip_locked=True)


def _ids(items: QuerySet[QueueItem]) -> list[UUID]:
    return list(items.values_list("pk", flat=True))


def _in_order(by: User, order: Order, count: int) -> list[UUID]:
    free = _free(by)
    match order:
        case Order.NEWEST:
            return _ids(free.order_by("-created_at")[:count])
        case Order.RANDOM:
            return _random(free, count)
        case Order.DISPUTED:
            free = free.exclude(suggestion="").exclude(suggestion=F("guess"))
    return _ids(free.order_by("-doubt")[:count])


def _random(items: QuerySet[QueueItem], count: int) -> list[UUID]:
    """From a random place on, and on from the start: ids are random themselves."""
    start = uuid4()
    after = _ids(items.filter(pk__gte=start).order_by("pk")[:count])
    before = items.filter(pk__lt=start).order_by("pk")
    return after + (_ids(before[: count - len(after)]) if len(after) < count else [])


def _useful(by: User, count: int) -> list[UUID]:
    """Near-duplicates are marked as such on the way, and not looked at again."""
    for _ in range(ROUNDS):
        pool = list(_free(by).filter(duplicate=False).order_by("-doubt")[:POOL])
        if not pool:
            break
        chosen = _choose(pool, count)
        near = [pool[place].pk for place in chosen.duplicates]
        QueueItem.objects.filter(pk__in=near).update(duplicate=True)
        if chosen.order:
            return [pool[place].pk for place in chosen.order]
    return []


def _choose(pool: list[QueueItem], count: int) -> usefulness.Chosen:
    length = len(pool[0].embedding)
    doubts = np.array([item.doubt for item in pool])
    images = usefulness.embeddings([bytes(item.embedding) for item in pool], length)
    known = usefulness.embeddings(_known(), length)
    return usefulness.most_useful(doubts, images, known, count)


def _known() -> list[bytes]:
    """The embeddings of what was labelled last, and of what is being asked."""
    items = QueueItem.objects.values_list("embedding", flat=True)
    labelled = items.filter(waiting=False).order_by("-image__labelled_at")[:POOL]
    asked = items.filter(leased_to__isnull=False, leased_until__gt=timezone.now())[:POOL]
    return [bytes(embedding) for items in (labelled, asked) for embedding in items]


def _lease(ids: list[UUID], by: User) -> None:
    items = QueueItem.objects.filter(pk__in=ids, waiting=True)
    items.update(leased_to=by, leased_until=timezone.now() + LEASE)


def _is_check() -> bool:
    return secrets.randbelow(100) < settings.LABEL_CHECK_PERCENT


def _checks(by: User, count: int) -> list[UUID]:
    """Labelled images that this person has not been asked as a check before."""
    asked = LabelCheck.objects.filter(asked_of=by).values("image")
    labelled = QueueItem.objects.filter(waiting=False).exclude(pk__in=asked)
    found = _random(labelled, count) if count else []
    images = InputImage.objects.filter(pk__in=found).only("label")
    LabelCheck.objects.bulk_create(
        LabelCheck(image=image, asked_of=by, label=image.label) for image in images
    )
    return found


def _with_all_shown(ids: list[UUID]) -> list[QueueItem]:
    """In this order, with what a page needs of each."""
    newest_first = Prediction.objects.select_related("model").order_by("-id")
    items = QueueItem.objects.select_related("image__upload").prefetch_related(
        Prefetch("image__predictions", queryset=newest_first)
    )
    found = items.in_bulk(ids)
    return [found[id_] for id_ in ids]
