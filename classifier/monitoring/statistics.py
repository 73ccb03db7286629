"""The figures of the overview: the queue, labellers, verdicts by day, and the champion."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Avg, Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from classifier.models import (
    InputImage,
    LabelCheck,
    ModelState,
    ModelVersion,
    Prediction,
    Promotion,
    QueueItem,
    get_detail_fields,
)
from classifier.recognition.labels import Verdict

WEEK = timedelta(days=7)
VERDICT_DAYS = 14
# A model may serve for years, so the page reads only its last days.
DRIFT_DAYS = 60


@dataclass(frozen=True)
class QueueCounts:
    """Images that wait for a label, and how many of them are near-duplicates."""

    waiting: int
    duplicates: int


def count_queue() -> QueueCounts:
    waiting = QueueItem.objects.filter(waiting=True)
    return QueueCounts(waiting.count(), waiting.filter(duplicate=True).count())


@dataclass(frozen=True)
class Labeller:
    """A person's labels of the last week, their answered checks, and the checks that agreed."""

    name: str
    labels: int
    checks: int
    agreed: int


def list_labellers() -> list[Labeller]:
    """Return the people whose labels of the last week still stand, the busiest first."""
    images = InputImage.objects.filter(
        labelled_at__gte=timezone.now() - WEEK, labelled_by__isnull=False
    )
    counts = images.values_list("labelled_by", "labelled_by__username").annotate(labels=Count("*"))
    agreed = Count("answer", filter=Q(answer=F("label")))
    answered = LabelCheck.objects.exclude(answer="").values_list("asked_of").order_by()
    checks = {
        user: (checks, agreed)
        for user, checks, agreed in answered.annotate(checks=Count("*"), agreed=agreed)
    }
    return [
        Labeller(name, labels, *checks.get(user, (0, 0)))
        for user, name, labels in counts.order_by("-labels", "labelled_by")
    ]


@dataclass(frozen=True)
class DailyVerdicts:
    """The digits read on a day, and those that were unsure or refused as no digit."""

    day: date
    read: int
    unsure: int
    refused: int


def list_daily_verdicts() -> list[DailyVerdicts]:
    """Return the days among the last 14 on which something was read, oldest first."""
    recent = Prediction.objects.filter(created_at__gte=_get_start(VERDICT_DAYS))
    days = (
        recent.annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(
            read=Count("*"),
            unsure=Count("verdict", filter=Q(verdict=Verdict.UNSURE)),
            refused=Count("verdict", filter=Q(verdict=Verdict.NOT_A_DIGIT)),
        )
    )
    return [DailyVerdicts(*day) for day in days.order_by("day")]


def _get_start(days: int) -> datetime:
    """Return midnight at the start of that many days, up to today."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days - 1)


@dataclass(frozen=True)
class ChampionSummary:
    """The champion, its promotion, and its accuracy on each set, None if the set is empty."""

    version: ModelVersion
    since: datetime
    test: float | None
    held_out: float | None
    held_out_images: int


def get_champion() -> ChampionSummary | None:
    promotions = Promotion.objects.filter(model__state=ModelState.CHAMPION).order_by("-id")
    newest = promotions.select_related("model").defer(*get_detail_fields("model")).first()
    if newest is None:
        return None
    metrics = newest.model.metrics
    held_out = metrics.get("held_out_uploads", {})
    images = held_out.get("digits", 0)
    return ChampionSummary(
        version=newest.model,
        since=newest.at,
        test=metrics.get("test", {}).get("accuracy"),
        held_out=held_out.get("accuracy") if images else None,
        held_out_images=images,
    )


@dataclass(frozen=True)
class DailyConfidence:
    day: date
    mean: float


@dataclass(frozen=True)
class Drift:
    """The champion's mean confidence in its first week, and by day, oldest first."""

    first_week: float | None
    days: list[DailyConfidence]


def measure_drift(champion: ChampionSummary) -> Drift:
    """Return the drift since the promotion, for the last 60 days at most."""
    predictions = Prediction.objects.filter(model=champion.version, created_at__gte=champion.since)
    first_week = predictions.filter(created_at__lt=champion.since + WEEK)
    recent = predictions.filter(created_at__gte=_get_start(DRIFT_DAYS))
    days = (
        recent.annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(mean=Avg("confidence"))
    )
    return Drift(
        first_week=first_week.aggregate(mean=Avg("confidence"))["mean"],
        days=[DailyConfidence(*day) for day in days.order_by("day")],
    )
