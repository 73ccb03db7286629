"""Time every page, list and choice of the queue on a database with 100,000 uploads.

Give it a VAR_DIR, MODELS_DIR and MEDIA_ROOT of its own, which it fills the first time. Prints a
table with the number of queries, the 50th and 95th percentile of the wall time, and the mean CPU
time of Python and of the database, in milliseconds.
"""

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the site does

import numpy as np
import psutil
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from benchmarks import django_setup, fill  # noqa: F401
from classifier.access.throttles import AddressThrottle
from classifier.labelling import audits, queue
from classifier.labelling.selection import Order
from classifier.models import InputImage, ModelVersion, Upload
from classifier.recognition.labels import Scope
from classifier.registry import input_drift, shadow
from classifier.tests import factories
from mnistsite.entrypoints import prepare

ADMIN = "/admin/classifier"
PLAIN_STATIC_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
LIMITS_MS = {"page": 150, "queue": 50, "task": float("inf")}


@dataclass(frozen=True)
class Timing:
    """The queries of a call, and its times in milliseconds."""

    queries: int
    median: float
    p95: float
    python: float
    database: float


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=100_000, help="at least 10,000")
    parser.add_argument("--repeat", type=int, default=40, help="calls of each page")
    options = parser.parse_args()
    prepare_site(options.uploads)
    sys.stdout.write(f"{'':58} queries  p50  p95  Python  database\n")
    for kind, name, call in list_calls():
        with patch.object(AddressThrottle, "allow_request", return_value=True):
            timing = measure(call, options.repeat if kind != "task" else 3)
        late = " SLOW" if timing.p95 > LIMITS_MS[kind] else ""
        sys.stdout.write(
            f"{name:60} {timing.queries:4} {timing.median:5.0f} {timing.p95:5.0f}"
            f" {timing.python:6.0f} {timing.database:8.0f}{late}\n"
        )
        sys.stdout.flush()


def prepare_site(uploads: int) -> None:
    """Prepare the database, and fill it the first time."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"] = {"BACKEND": PLAIN_STATIC_FILES}
    prepare.prepare()
    prepare.create_first_account()
    if not Upload.objects.exists():
        fill.fill(uploads)


def measure(call: Callable[[], object], repeat: int) -> Timing:
    call()
    queries = count_queries(call)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    walls, python, database = [], time.process_time(), sum(backend.cpu_times()[:2])
    for _ in range(repeat):
        started_at = time.perf_counter()
        call()
        walls.append(1000 * (time.perf_counter() - started_at))
    return Timing(
        queries=queries,
        median=float(np.median(walls)),
        p95=float(np.percentile(walls, 95)),
        python=1000 * (time.process_time() - python) / repeat,
        database=1000 * (sum(backend.cpu_times()[:2]) - database) / repeat,
    )


def count_queries(call: Callable[[], object]) -> int:
    statements: list[str] = []

    def execute_and_count(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(execute_and_count):
        call()
    return len(statements)


def list_calls() -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Return the kind, name and function of each call."""
    user = get_user_model().objects.get(username=prepare.USERNAME)
    client = Client(headers=factories.create_token_header(user, *Scope))
    client.force_login(user)
    for path in list_pages():
        yield "page", path, partial(get, client, path)
    for order in Order:
        name = f"the queue's next image, {order}"
        yield "queue", name, partial(queue.lease_next, user, order, 1)
        name = f"the queue's next twelve, {order}"
        yield "queue", name, partial(queue.lease_next, user, order, 12)
    yield "task", "draw audits", audits.draw_audits
    yield "task", "check the promise", audits.check_promise
    yield "task", "check the input's drift", input_drift.check_input_drift
    yield "task", "shadow reading, with nothing to read", shadow.read_batch


def get(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    b"".join(response)


def list_pages() -> list[str]:
    upload = Upload.objects.order_by("-created_at")[1000]
    image = InputImage.objects.get(upload=upload)
    last = Upload.objects.earliest("created_at")
    models = {version.name: version.pk for version in ModelVersion.objects.without_details()}
    return [
        "/",
        "/how",
        f"/result/{upload.pk}",
        f"/upload/{upload.pk}.jpg",
        f"/image/{image.pk}.png",
        "/mine",
        "/admin/",
        f"{ADMIN}/inputimage/",
        f"{ADMIN}/inputimage/?p=2",
        f"{ADMIN}/inputimage/?label=all",
        f"{ADMIN}/inputimage/?label=7",
        f"{ADMIN}/inputimage/{image.pk}/change/",
        *(f"{ADMIN}/inputimage/{part}" for part in ("queue/", "queue/?order=decisive", "grid/")),
        f"{ADMIN}/upload/",
        f"{ADMIN}/upload/?p=20",
        f"{ADMIN}/upload/{upload.pk}/change/",
        f"{ADMIN}/upload/{last.pk}/delete/",
        f"{ADMIN}/modelversion/",
        f"{ADMIN}/modelversion/timeline/",
        f"{ADMIN}/modelversion/{models['baseline']}/change/",
        f"{ADMIN}/modelversion/{models[fill.CANDIDATE]}/change/",
        *(f"{ADMIN}/{name}/" for name in ("trainingrun", "erasure", "auditentry", "webhook")),
        "/admin/account/",
        "/api/images",
        "/api/images?label=unknown",
        f"/api/images/{image.pk}",
        f"/api/uploads/{upload.pk}",
        "/api/models",
        f"/api/models/{fill.CANDIDATE}",
        "/api/promotions",
        "/api/runs",
        "/metrics",
        "/healthz",
        "/readyz",
    ]


if __name__ == "__main__":
    main()
