"""Rescoring: the model in service reads uploaded images again, in jobs that workers share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BigIntegerField, F, IntegerField, OuterRef, Q, Subquery, Sum, Window
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, RowNumber
from django.utils.translation import gettext as _

from classifier import jobs
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
from classifier.models.locks import acquire_lock
from classifier.recognition.recognizer import Recognition
from classifier.registry import serving
from classifier.uploads import records
from classifier.uploads.insertion import insert_rows

TASK = "classifier.tasks.rescore"
IMAGES_PER_JOB = 1_000
IMAGES_PER_BATCH = 250
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
# The wait before images that somebody has locked are tried again.
RETRY_AFTER_S = 2
UPDATE_ITEM = """
    ON CONFLICT (image_id) DO UPDATE SET guess = EXCLUDED.guess, doubt = EXCLUDED.doubt,
        embedding = EXCLUDED.embedding, duplicate = EXCLUDED.duplicate
"""


@dataclass(frozen=True)
class RescoringProgress:
    """The number of uploaded images, and of those that the model has yet to read."""

    model: ModelVersion
    uploaded: int
    unread: int


@transaction.atomic
def start_rescoring() -> RescoringProgress:
    """Enqueue jobs for the images that the model in service has yet to read.

    Do nothing if such jobs wait or run. Raise RuleBroken if no model is in service.
    """
    acquire_lock("rescoring")
    model = ModelVersion.objects.champion()
    if model is None:
        raise RuleBroken(_("No model is in service. Promote one: python manage.py promote NAME"))
    uploaded = InputImage.objects.uploaded().count()
    progress = RescoringProgress(model, uploaded, _list_unread(model).count())
    if progress.unread and count_waiting(model) is None:
        _enqueue(model, _divide(model, progress.unread))
    return progress


def _list_unread(model: ModelVersion) -> InputImageQuerySet:
    """Return the uploaded images whose newest prediction is not by this model.

    This is a subquery for each image: while a model makes predictions, the planner's statistics
    are stale, and a join that relies on them takes minutes.
    """
    newest = Prediction.objects.filter(image=OuterRef("pk")).order_by("-id").values("model_id")[:1]
    by = Coalesce(Subquery(newest), 0, output_field=BigIntegerField())
    return InputImage.objects.uploaded().alias(read_by=by).exclude(read_by=model.pk)


def _divide(model: ModelVersion, unread: int) -> Iterable[tuple[UUID, UUID, int]]:
    """Divide all keys into ranges of IMAGES_PER_JOB unread images: first key, last key, images."""
    numbered = _list_unread(model).annotate(place=Window(RowNumber(), order_by="id") - 1)
    starts = numbered.alias(rest=F("place") % IMAGES_PER_JOB).filter(rest=0).order_by("pk")
    firsts = [FIRST_ID, *starts.values_list("pk", flat=True)[1:]]
    lasts = [*(UUID(int=first.int - 1) for first in firsts[1:]), LAST_ID]
    full_jobs = len(firsts) - 1
    counts = [*[IMAGES_PER_JOB] * full_jobs, unread - IMAGES_PER_JOB * full_jobs]
    return zip(firsts, lasts, counts, strict=True)


def _enqueue(
    model: ModelVersion, ranges: Iterable[tuple[UUID, UUID, int]], delay_s: int = 0
) -> None:
    jobs.enqueue_jobs(
        TASK,
        (
            {"model_id": model.pk, "first": str(first), "last": str(last), "images": images}
            for first, last, images in ranges
        ),
        queue="rescoring",
        priority=jobs.BACKGROUND,
        delay_s=delay_s,
    )


def count_waiting(model: ModelVersion) -> int | None:
    """Return the number of images in jobs that wait or run, or None if there is no such job."""
    images = Cast(KeyTextTransform("images", "args"), IntegerField())
    own = jobs.list_unfinished(TASK).filter(args__model_id=model.pk)
    count: int | None = own.aggregate(count=Sum(images))["count"]
    return count


def rescore_range(model_id: int, first: UUID, last: UUID) -> None:
    """Read a range of images again, as long as the model serves. Raise ArtifactError.

    Images that somebody has locked, to label or delete them, are left to another job.
    """
    after = first
    while (model := ModelVersion.objects.champion()) and model.pk == model_id:
        rest = _list_unread(model).filter(pk__gte=after, pk__lte=last).order_by("pk")
        images = list(rest.only("pixels")[:IMAGES_PER_BATCH])
        if not images:
            if locked := _list_unread(model).filter(pk__gte=first, pk__lte=last).count():
                _enqueue(model, [(first, last, locked)], delay_s=RETRY_AFTER_S)
            return
        # The model that this process serves may be the champion of a second ago.
        recognizer = serving.load_cached(model)
        results = recognizer.recognize(image.array for image in images)
        _store(model, dict(zip((image.pk for image in images), results, strict=True)))
        after = UUID(int=images[-1].pk.int + 1)


@transaction.atomic
def _store(model: ModelVersion, results: Mapping[UUID, Recognition]) -> None:
    # A promotion waits for this transaction. So the model stays the champion until it ends.
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE promotions IN ROW EXCLUSIVE MODE")
    if not ModelVersion.objects.filter(pk=model.pk, state=ModelState.CHAMPION).exists():
        return
    # Skipping locked rows avoids deadlocks, as this transaction never waits for another.
    free = InputImage.objects.select_for_update(skip_locked=True, no_key=True)
    images = list(free.filter(pk__in=results).values_list("pk", flat=True))
    items = QueueItem.objects.select_for_update(skip_locked=True, no_key=True)
    scores = dict(items.filter(pk__in=images).values_list("pk", "doubt"))
    # Another job may have read them before they were locked.
    unread = _list_unread(model).filter(Q(pk__in=scores) | Q(pk__in=images, queued__isnull=True))
    read = [(image, results[image.pk]) for image in unread.only("label", "pixels")]
    predictions = [records.build_prediction(*each, model) for each in read]
    queued = [records.build_queue_item(*each) for each in read]
    for item in queued:
        if scores.get(item.pk) == MISTAKEN_SCORE:  # a person called the image mistaken
            item.doubt = MISTAKEN_SCORE
    insert_rows(predictions, queued, on_conflict=UPDATE_ITEM)
