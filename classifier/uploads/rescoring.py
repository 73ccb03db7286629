"""Reading uploaded images again with the model in service, in jobs that any worker takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import BigIntegerField, F, IntegerField, OuterRef, Q, Subquery, Sum, Window
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, RowNumber
from numpy.typing import NDArray
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.types import JSONDict

from classifier.errors import RuleBroken
from classifier.models import (
    MISTAKEN_SCORE,
    InputImage,
    InputImageQuerySet,
    ModelState,
    ModelVersion,
    Prediction,
    QueueItem,
)
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.registry import serving, versions
from classifier.uploads import records

TASK = "classifier.tasks.rescore"
IMAGES_PER_JOB = 1_000
IMAGES_PER_BATCH = 250
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
STARTING = 0x726573636F7265  # of an advisory lock; "rescore" in ASCII
# Until what somebody has locked right now is tried again.
PAUSE_S = 2


@dataclass(frozen=True)
class RescoringProgress:
    """How many images have been uploaded, and how many of them the model has yet to read."""

    model: ModelVersion
    uploaded: int
    unread: int


@transaction.atomic
def start_rescoring() -> RescoringProgress:
    """Queues jobs for what the model in service has yet to read, unless some wait or run already.

    Raises RuleBroken where no model is in service.
    """
    _one_at_a_time()
    model = versions.get_champion()
    if model is None:
        raise RuleBroken("No model is in service. Promote one: python manage.py promote NAME")
    standing = RescoringProgress(
        model, InputImage.objects.uploaded().count(), _unread(model).count()
    )
    if standing.unread and count_waiting(model) is None:
        _share(model, standing.unread)
    return standing


def _one_at_a_time() -> None:
    """Until the transaction ends: two at once would queue everything twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STARTING])


def _unread(model: ModelVersion) -> InputImageQuerySet:
    """Uploaded images whose newest prediction is not by this model.

    Asked image by image: what is known of how many predictions a model has made grows stale within
    seconds while it makes them, and a join that trusts in it takes minutes.
    """
    newest = Prediction.objects.filter(image=OuterRef("pk")).order_by("-id").values("model_id")[:1]
    by = Coalesce(Subquery(newest), 0, output_field=BigIntegerField())
    return InputImage.objects.uploaded().alias(read_by=by).exclude(read_by=model.pk)


def _share(model: ModelVersion, unread: int) -> None:
    """A job for each range of keys with so many unread images; the ranges span all keys."""
    places = _unread(model).annotate(place=Window(RowNumber(), order_by="id") - 1)
    every = places.alias(past=F("place") % IMAGES_PER_JOB).filter(past=0).order_by("pk")
    firsts = [FIRST_ID, *every.values_list("pk", flat=True)[1:]]
    lasts = [*(UUID(int=first.int - 1) for first in firsts[1:]), LAST_ID]
    counts = [*[IMAGES_PER_JOB] * len(firsts[1:]), unread - IMAGES_PER_JOB * len(firsts[1:])]
    _queue(model, zip(firsts, lasts, counts, strict=True))


def _queue(model: ModelVersion, ranges: Iterable[tuple[UUID, UUID, int]], in_s: int = 0) -> None:
    # What people wait for, such as a training, goes before.
    job = app.configure_task(TASK, queue="rescoring", priority=-1, schedule_in={"seconds": in_s})
    arguments: list[JSONDict] = [
        {"model_id": model.pk, "first": str(first), "last": str(last), "images": images}
        for first, last, images in ranges
    ]
    job.batch_defer(*arguments)


def count_waiting(model: ModelVersion) -> int | None:
    """How many images are in the jobs that wait or run; None where there is no such job."""
    unfinished = ProcrastinateJob.objects.filter(task_name=TASK, status__in=["todo", "doing"])
    images = Cast(KeyTextTransform("images", "args"), IntegerField())
    found: int | None = unfinished.filter(args__model_id=model.pk).aggregate(n=Sum(images))["n"]
    return found


def rescore_range(model_id: int, first: UUID, last: UUID) -> None:
    """One job; it ends early where the model does not serve (any more). Raises ArtifactError.

    What somebody else has locked, to label or to delete it, is left to another job.
    """
    after = first
    while (model := versions.get_champion()) and model.pk == model_id:
        rest = _unread(model).filter(pk__gte=after, pk__lte=last).order_by("pk")
        images = list(rest.only("pixels")[:IMAGES_PER_BATCH])
        if not images:
            _leave_the_rest(model, first, last)
            return
        found = _recognizer(model).recognize(_pixels(image) for image in images)
        _keep(model, dict(zip((image.pk for image in images), found, strict=True)))
        after = UUID(int=images[-1].pk.int + 1)


@lru_cache(maxsize=1)
def _recognizer(model: ModelVersion) -> Recognizer:
    """Not what this process serves, which may be the champion of a second ago."""
    return serving.load_recognizer(model)


def _leave_the_rest(model: ModelVersion, first: UUID, last: UUID) -> None:
    if held := _unread(model).filter(pk__gte=first, pk__lte=last).count():
        _queue(model, [(first, last, held)], in_s=PAUSE_S)


def _pixels(image: InputImage) -> NDArray[np.uint8]:
    return np.frombuffer(image.pixels, np.uint8).reshape(28, 28)


@transaction.atomic
def _keep(model: ModelVersion, found: Mapping[UUID, Recognition]) -> None:
    if not _goes_on_serving(model):
        return
    # Without what others have locked: who waits for nobody can't be part of a deadlock.
    free = InputImage.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=found)
    images = list(free.values_list("pk", flat=True))
    items = QueueItem.objects.select_for_update(skip_locked=True, no_key=True)
    doubts = dict(items.filter(pk__in=images).values_list("pk", "doubt"))
    # Asked anew now that they are locked: another job may have read them since.
    unread = _unread(model).filter(Q(pk__in=doubts) | Q(pk__in=images, queued__isnull=True))
    read = [(image, found[image.pk]) for image in unread.only("label")]
    Prediction.objects.bulk_create(records.build_prediction(*each, model) for each in read)
    _keep_in_queue([records.build_queue_item(*each) for each in read], doubts)


def _goes_on_serving(model: ModelVersion) -> bool:
    """Until the transaction ends: a promotion waits for that, and none waits long, as new
    transactions stand in line behind it."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE promotions IN ROW EXCLUSIVE MODE")
    return ModelVersion.objects.filter(pk=model.pk, state=ModelState.CHAMPION).exists()


def _keep_in_queue(items: list[QueueItem], doubts: Mapping[UUID, float]) -> None:
    """What somebody has seen to be mistaken stays that."""
    for item in items:
        if doubts.get(item.pk) == MISTAKEN_SCORE:
            item.doubt = MISTAKEN_SCORE
    QueueItem.objects.bulk_create(
        items,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["guess", "doubt", "embedding", "duplicate"],
    )
