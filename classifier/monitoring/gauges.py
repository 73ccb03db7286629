"""Prometheus gauges of the state in the database, read at every scrape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from classifier.models import QueueItem, RunState, TrainingRun, Upload
from classifier.monitoring import statistics
from classifier.monitoring.audits import AuditSummary, summarize_audits

JOB_STATES = ("todo", "doing", "failed")


@dataclass(frozen=True)
class SystemState:
    waiting: int
    oldest: datetime | None
    uploads: int
    champion: statistics.ChampionSummary | None
    runs: dict[str, int]
    jobs: dict[str, int]
    audits: AuditSummary


def read_state() -> SystemState:
    waiting = QueueItem.objects.filter(waiting=True)
    runs = TrainingRun.objects.values_list("state").annotate(count=Count("*")).order_by()
    jobs = ProcrastinateJob.objects.filter(status__in=JOB_STATES)
    return SystemState(
        waiting=waiting.count(),
        oldest=waiting.aggregate(oldest=Min("created_at"))["oldest"],
        uploads=Upload.objects.count(),
        champion=statistics.get_champion(),
        runs=dict.fromkeys(RunState.values, 0) | dict(runs),
        jobs=dict.fromkeys(JOB_STATES, 0)
        | dict(jobs.values_list("status").annotate(count=Count("*")).order_by()),
        audits=summarize_audits(),
    )


def build_families(state: SystemState) -> Iterator[Metric]:
    oldest_s = (timezone.now() - state.oldest).total_seconds() if state.oldest else 0.0
    yield _build_gauge("label_queue_images", "Images that wait for a label.", state.waiting)
    yield _build_gauge(
        "label_queue_oldest_seconds", "How long the first of them has waited.", oldest_s
    )
    yield _build_gauge("uploads", "Stored pictures.", state.uploads)
    yield _build_labelled_gauge("training_runs", "Training runs, by state.", "state", state.runs)
    yield _build_labelled_gauge("jobs", "The worker's jobs, by status.", "status", state.jobs)
    low, high = state.audits.total.interval
    yield _build_gauge(
        "audited_answers", "Certain answers audited in 30 days.", state.audits.total.audited
    )
    yield _build_labelled_gauge(
        "audited_error_ratio",
        "Bounds of the share of certain answers that are wrong, at 95 % confidence.",
        "bound",
        {"lower": low, "upper": high},
    )
    if state.champion:
        yield _build_gauge(
            "model_promoted_timestamp_seconds",
            "When the model in service was promoted.",
            state.champion.since.timestamp(),
        )
        yield InfoMetricFamily(
            "mnistsite_model", "The model in service.", {"name": state.champion.version.name}
        )


def _build_gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mnistsite_{name}", description, value)


def _build_labelled_gauge(
    name: str, description: str, label: str, values: Mapping[str, float]
) -> Metric:
    family = GaugeMetricFamily(f"mnistsite_{name}", description, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
