"""The error of certain answers on real uploads, estimated from random audits."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from classifier.models import Audit, ModelVersion, Source
from classifier.recognition.intervals import bound_share
from classifier.recognition.labels import Label

WINDOW = timedelta(days=30)
IS_WRONG = ~Q(image__label__in=[Label.UNKNOWN, F("prediction__label")])


@dataclass(frozen=True)
class AuditedError:
    """Audited answers of one source of pictures, or of all, and how many of them were wrong."""

    source: str
    audited: int
    wrong: int

    @property
    def interval(self) -> tuple[float, float]:
        """The exact two-sided 95 % interval of the share that is wrong, 0 to 1."""
        return bound_share(self.wrong, self.audited)


@dataclass(frozen=True)
class AuditSummary:
    """The audits of answers of the last 30 days; `pending` ones have no label yet."""

    total: AuditedError
    by_source: list[AuditedError]
    pending: int


def summarize_audits(model: ModelVersion | None = None) -> AuditSummary:
    """Summarize the audits of one model's answers, or of all."""
    counts = (
        _list_recent(model)
        .values_list("image__source")
        .annotate(
            audited=Count("pk", filter=~Q(image__label=Label.UNKNOWN)),
            wrong=Count("pk", filter=IS_WRONG),
            pending=Count("pk", filter=Q(image__label=Label.UNKNOWN)),
        )
        .order_by("image__source")
    )
    rows = [*counts]
    by_source = [
        AuditedError(str(Source(source).label), audited, wrong)
        for source, audited, wrong, _ in rows
        if audited
    ]
    audited, wrong, pending = (sum(row[column] for row in rows) for column in (1, 2, 3))
    return AuditSummary(AuditedError("all", audited, wrong), by_source, pending)


def list_wrong_audits(model: ModelVersion) -> QuerySet[Audit]:
    """Return the audits that proved an answer of the model wrong, the newest answer first."""
    return _list_recent(model).filter(IS_WRONG).order_by("-prediction")


def _list_recent(model: ModelVersion | None) -> QuerySet[Audit]:
    recent = Audit.objects.filter(prediction__created_at__gte=timezone.now() - WINDOW)
    return recent.filter(prediction__model=model) if model else recent
