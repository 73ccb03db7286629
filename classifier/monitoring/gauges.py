"""Prometheus gauges of the state in the database, read at every scrape."""

from collections.abc import Mapping

from django.db.models import Count, Min
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from classifier.models import QueueItem, RunState, TrainingRun, Upload
from classifier.monitoring import statistics
from classifier.monitoring.audits import summarize_audits

JOB_STATES = ("todo", "doing", "failed")


def read_gauges() -> list[Metric]:
    waiting = QueueItem.objects.filter(waiting=True)
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    return [
        _build_gauge("label_queue_images", "Images that wait for a label.", waiting.count()),
        _build_gauge(
            "label_queue_oldest_seconds",
            "How long the first of them has waited.",
            (timezone.now() - oldest).total_seconds() if oldest else 0.0,
        ),
        _build_gauge("uploads", "Stored pictures.", Upload.objects.count()),
        *_count_work(),
        *_build_audit_metrics(),
        *_build_model_metrics(),
    ]


def _count_work() -> list[Metric]:
    runs = TrainingRun.objects.values_list("state").annotate(count=Count("*")).order_by()
    jobs = ProcrastinateJob.objects.filter(status__in=JOB_STATES).values_list("status")
    return [
        _build_labelled_gauge(
            "training_runs",
            "Training runs, by state.",
            "state",
            dict.fromkeys(RunState.values, 0) | dict(runs),
        ),
        _build_labelled_gauge(
            "jobs",
            "The worker's jobs, by status.",
            "status",
            dict.fromkeys(JOB_STATES, 0) | dict(jobs.annotate(count=Count("*")).order_by()),
        ),
    ]


def _build_audit_metrics() -> list[Metric]:
    audits = summarize_audits().total
    low, high = audits.interval
    return [
        _build_gauge("audited_answers", "Certain answers audited in 30 days.", audits.audited),
        _build_labelled_gauge(
            "audited_error_ratio",
            "Bounds of the share of certain answers that are wrong, at 95 % confidence.",
            "bound",
            {"lower": low, "upper": high},
        ),
    ]


def _build_model_metrics() -> list[Metric]:
    champion = statistics.get_champion()
    if champion is None:
        return []
    return [
        _build_gauge(
            "model_promoted_timestamp_seconds",
            "When the model in service was promoted.",
            champion.since.timestamp(),
        ),
        InfoMetricFamily(
            "mnistsite_model", "The model in service.", {"name": champion.version.name}
        ),
    ]


def _build_gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mnistsite_{name}", description, value)


def _build_labelled_gauge(
    name: str, description: str, label: str, values: Mapping[str, float]
) -> Metric:
    family = GaugeMetricFamily(f"mnistsite_{name}", description, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
