"""What Prometheus reads: requests by their route, what was recognised, and the state of things."""

import os
from collections.abc import Iterator

from django.db import Error
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from classifier.monitoring import gauges
from mnistsite.observability.deadline import Bounded

# Anybody can make up a method; each would be a time series.
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
STATE_WITHIN_S = 3.0

REQUESTS = Counter(
    "mnistsite_requests", "Requests that were answered.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "mnistsite_request_seconds",
    "How long the application took to answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    REQUESTS.labels(method if method in METHODS else "other", route, status).inc()
    SECONDS.labels(route).observe(seconds)


class State:
    """Of a database that is away it says that, and nothing else."""

    _read = Bounded(gauges.read_state, STATE_WITHIN_S)

    def collect(self) -> Iterator[Metric]:
        try:
            state = self._read()
        except (Error, TimeoutError):
            yield self._up(0)
        else:
            yield self._up(1)
            yield from gauges.build_families(state)

    def _up(self, value: int) -> Metric:
        return GaugeMetricFamily("mnistsite_database_up", "1 where the database answers.", value)


def exposition(accept: str) -> tuple[bytes, str]:
    """The figures in a format that the asker accepts, and the format's media type."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(State())
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type
