"""The choice of the next images from the queue."""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, F, Min, OuterRef, QuerySet
from django.utils import timezone

from classifier.labelling import checks
from classifier.models import InputImage, ModelVersion, QueueItem
from classifier.recognition import active_learning
from classifier.registry import alarms, shadow

# How many images with the highest scores are compared with as many labelled ones.
POOL = 256
EMBEDDING_LENGTH = 64  # if no image of the pool has an embedding


class Order(StrEnum):
    """An order of the queue."""

    USEFUL = "useful"
    DOUBT = "doubt"
    NEWEST = "newest"
    SUGGESTED = "suggested"
    DECISIVE = "decisive"
    ALARMING = "alarming"
    RANDOM = "random"
    DISPUTED = "disputed"
    MISLABELLED = "mislabelled"


BY_SCORE = (Order.USEFUL, Order.DOUBT, Order.SUGGESTED)


def choose_images(free: QuerySet[QueueItem], order: Order, count: int) -> list[UUID]:
    """Choose among the free items, the first in the order first."""
    match order:
        case Order.USEFUL:
            return _choose_useful(free.filter(duplicate=False), count)
        case Order.NEWEST:
            return list_ids(free.order_by("-created_at")[:count])
        case Order.RANDOM:
            return _choose_random(free, count)
        case Order.ALARMING:
            causes = free.filter(pk__in=alarms.list_cause_ids())
            return list_ids(causes.order_by("-created_at")[:count])
        case Order.DECISIVE:
            return _choose_random(_filter_decisive(free), count)
        case Order.SUGGESTED:
            free = _filter_suggested(free)
    return list_ids(free.order_by("-doubt")[:count])


def choose_row(free: QuerySet[QueueItem]) -> list[UUID]:
    """Choose the free digits of the line that has the most doubtful one, in reading order.

    Return none if no line of writing has two of them.
    """
    read = free.filter(image__position__isnull=False)
    others = QueueItem.objects.filter(waiting=True, image__upload=OuterRef("image__upload"))
    neighbours = Exists(others.exclude(pk=OuterRef("pk")))
    pool = list_ids(read.filter(neighbours).order_by("-doubt")[:POOL])
    images = InputImage.objects.select_related("upload").defer("pixels").in_bulk(pool)
    for image in (images[image_id] for image_id in pool):
        line = read.filter(image__upload=image.upload, image__position__in=_find_line(image))
        row = list_ids(line.order_by("image__position"))
        if len(row) > 1:
            return row
    return []


def _find_line(image: InputImage) -> range:
    """Return the positions of the digits that stand in a line with this one."""
    position, start = image.position or 0, 0
    for _box, count in image.upload.lines if image.upload else []:
        if position < start + count:
            return range(start, start + count)
        start += count
    return range(position, position + 1)


def choose_checks(order: Order, waiting: list[UUID], by: User) -> list[UUID]:
    """Choose checks that don't stand out among the waiting images, by suggestion and score."""
    # On average, LABEL_CHECK_PERCENT of the images are checks.
    count = sum(secrets.randbelow(100) < settings.LABEL_CHECK_PERCENT for _ in waiting)
    if not count:
        return []
    items = checks.list_eligible(by)
    if order == Order.SUGGESTED:
        items = _filter_suggested(items)
    if order in BY_SCORE:
        least = QueueItem.objects.filter(pk__in=waiting).aggregate(least=Min("doubt"))["least"]
        items = items.filter(doubt__gte=least)
    return checks.create_checks(_choose_random(items, count), by)


def list_ids(items: QuerySet[QueueItem]) -> list[UUID]:
    return list(items.values_list("pk", flat=True))


def _filter_decisive(items: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    """Return the items that the candidate reads differently than the champion."""
    candidate = ModelVersion.objects.newest_candidate()
    if candidate is None:
        return items.none()
    return items.filter(pk__in=shadow.list_differing(candidate).order_by().values("image"))


def _filter_suggested(items: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    return items.exclude(suggestion="").exclude(suggestion=F("guess"))


def _choose_random(items: QuerySet[QueueItem], count: int) -> list[UUID]:
    """Choose the items after a random id, and then those before it, as ids are random."""
    start = uuid4()
    after = list_ids(items.filter(pk__gte=start).order_by("pk")[:count])
    before = items.filter(pk__lt=start).order_by("pk")
    return after + (list_ids(before[: count - len(after)]) if len(after) < count else [])


def _choose_useful(free: QuerySet[QueueItem], count: int) -> list[UUID]:
    """Choose by active learning, and mark near-duplicates so that they are not compared again."""
    # Rows of values, as 256 instances of a model take longer than all the rest.
    columns = free.order_by("-doubt").values_list("pk", "doubt", "embedding")
    while pool := list(columns.all()[:POOL]):
        ids, doubts, embeddings = zip(*pool, strict=True)
        chosen = _rank(doubts, embeddings, count)
        duplicates = [ids[index] for index in chosen.duplicates]
        QueueItem.objects.filter(pk__in=duplicates).update(duplicate=True)
        if chosen.order:
            return [ids[index] for index in chosen.order]
    return []


def _rank(
    doubts: Sequence[float], embeddings: Sequence[bytes], count: int
) -> active_learning.Selection:
    stored = [*map(bytes, embeddings)]
    length = max(map(len, stored)) or EMBEDDING_LENGTH
    scores = np.array(doubts)
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
