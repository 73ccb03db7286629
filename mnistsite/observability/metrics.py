"""Prometheus metrics of requests, recognition and the state of the database."""

import os
from collections.abc import Iterator

from django.db import Error
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from classifier.monitoring import gauges
from mnistsite.observability.deadline import WithDeadline

# A client may send any method, and each label value is a time series.
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
READ_STATE_WITHIN_S = 3.0

REQUESTS = Counter("mnistsite_requests", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "mnistsite_request_seconds",
    "Time until the response, in seconds.",
    ["route"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)

CSP_VIOLATIONS = Counter(
    "mnistsite_csp_violations",
    "Reports of browsers about the content security policy.",
    ["directive"],
)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    REQUESTS.labels(method if method in METHODS else "other", route, status).inc()
    SECONDS.labels(route).observe(seconds)


class StateCollector:
    """Collects the database's state, or only that the database is down."""

    _read = WithDeadline(gauges.read_gauges, READ_STATE_WITHIN_S)

    def collect(self) -> Iterator[Metric]:
        try:
            state = self._read()
        except (Error, TimeoutError):
            state = []
        yield GaugeMetricFamily(
            "mnistsite_database_up", "1 if the database answers, else 0.", int(bool(state))
        )
        yield from state


def format_metrics(accept: str) -> tuple[bytes, str]:
    """Return the metrics in a format that an Accept header allows, and its media type."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(StateCollector())
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type
