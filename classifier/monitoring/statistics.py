"""What staff see at a glance: the queue, who labels, how much is in doubt, and what serves."""

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
DOUBT_DAYS = 14
# A model may serve for years; what is read for the page stays bounded.
DRIFT_DAYS = 60


@dataclass(frozen=True)
class Queue:
    """How many images wait for a label, and how many of these are near-duplicates."""

    waiting: int
    duplicates: int


def count_queue() -> Queue:
    waiting = QueueItem.objects.filter(waiting=True)
    return Queue(waiting.count(), waiting.filter(duplicate=True).count())


@dataclass(frozen=True)
class Labeller:
    """Labels of the last week; hidden checks ever answered, and how many of them as before."""

    name: str
    labels: int
    checks: int
    agreed: int


def list_labellers() -> list[Labeller]:
    """Whose labels of the last week still stand, the busiest first."""
    images = InputImage.objects.filter(
        labelled_at__gte=timezone.now() - WEEK, labelled_by__isnull=False
    )
    by = images.values_list("labelled_by", "labelled_by__username").annotate(labels=Count("*"))
    checks = _checks()
    return [
        Labeller(name, labels, *checks.get(user, (0, 0)))
        for user, name, labels in by.order_by("-labels", "labelled_by")
    ]


def _checks() -> dict[int, tuple[int, int]]:
    answered = LabelCheck.objects.exclude(answer="").values_list("asked_of")
    agreed = Count("answer", filter=Q(answer=F("label")))
    counted = answered.annotate(checks=Count("*"), agreed=agreed).order_by()
    return {user: (checks, agreed) for user, checks, agreed in counted}


@dataclass(frozen=True)
class DailyVerdicts:
    """How many digits were read on a day, and how many of them were not called one."""

    day: date
    read: int
    unsure: int
    refused: int


def list_daily_verdicts() -> list[DailyVerdicts]:
    """The days among the last 14 on which something was read, the oldest first."""
    recent = Prediction.objects.filter(created_at__gte=_start_of_last(DOUBT_DAYS))
    days = (
        recent.annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(
            read=Count("*"),
            unsure=Count("verdict", filter=Q(verdict=Verdict.UNSURE)),
            refused=Count("verdict", filter=Q(verdict=Verdict.NOT_A_DIGIT)),
        )
    )
    return [DailyVerdicts(*each) for each in days.order_by("day")]


def _start_of_last(days: int) -> datetime:
    """With today, so many days."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days - 1)


@dataclass(frozen=True)
class ChampionSummary:
    """What serves, since when, and how much of each set it reads right: None of an empty one."""

    version: ModelVersion
    since: datetime
    test: float | None
    held_out: float | None
    held_out_images: int


def get_champion() -> ChampionSummary | None:
    promotions = Promotion.objects.filter(model__state=ModelState.CHAMPION)
    newest = (
        promotions.select_related("model")
        .defer(*get_detail_fields("model"))
        .order_by("-id")
        .first()
    )
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
    """The champion's mean confidence in its first week, and by day, the oldest first."""

    first_week: float | None
    days: list[DailyConfidence]


def measure_drift(of: ChampionSummary) -> Drift:
    """The last 60 days at most."""
    since_promoted = Prediction.objects.filter(model=of.version, created_at__gte=of.since)
    first_week = since_promoted.filter(created_at__lt=of.since + WEEK)
    recent = since_promoted.filter(created_at__gte=_start_of_last(DRIFT_DAYS))
    days = (
        recent.annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(mean=Avg("confidence"))
    )
    return Drift(
        first_week=first_week.aggregate(mean=Avg("confidence"))["mean"],
        days=[DailyConfidence(*each) for each in days.order_by("day")],
    )
