"""What Prometheus reads: valid, of all processes together, with or without a database."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django import app
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

from classifier.models import ModelVersion, QueueItem, RunState, TrainingRun
from classifier.registry.runs import TASK
from classifier.tests import factories
from mnistsite.observability import metrics
from mnistsite.observability.deadline import Bounded

Labels = frozenset[tuple[str, str]]
Figures = dict[tuple[str, Labels], float]


def figures(text: str) -> Figures:
    """Raises ValueError where the text is not in Prometheus's format."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(text)
        for sample in family.samples
    }


def scraped() -> Figures:
    response = Client().get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return figures(response.text)


def of(found: Figures, name: str, /, **labels: str) -> float:
    return found.get((f"mnistsite_{name}", frozenset(labels.items())), 0.0)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(metrics.State, "_read", Bounded(refuse, 1.0))


def test_requests_are_counted_and_timed_by_route_and_never_by_path(
    champion: ModelVersion, away: None, client: Client, drawn: Callable[..., bytes]
) -> None:
    before = scraped()
    page = client.post("/predict", {"image": made_file(drawn(7))})
    client.get(page.headers["Location"])
    client.get(f"/result/{uuid4()}")
    client.get("/wp-login.php")
    client.generic("BREW", "/pot")

    after = scraped()

    def more(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    assert more("requests_total", method="POST", route="predict", status="302") == 1
    assert more("requests_total", method="GET", route="result", status="200") == 1
    assert more("requests_total", method="GET", route="result", status="404") == 1
    assert more("requests_total", method="GET", route="unknown", status="404") == 1
    assert more("requests_total", method="other", route="unknown", status="404") == 1
    assert more("request_seconds_count", route="result") == 2
    assert more("request_seconds_bucket", route="predict", le="+Inf") == 1
    assert more("request_seconds_sum", route="predict") > 0


def made_file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("seven.png", content)


def test_the_state_of_things_is_asked_of_the_database(transactional_db: None) -> None:
    model = factories.create_version(name="served", state="champion")
    promoted = model.promotions.create(via="command")
    item = factories.create_queue_item()
    factories.create_queue_item(label="7")
    QueueItem.objects.filter(pk=item.pk).update(created_at=timezone.now() - timedelta(hours=1))
    TrainingRun.objects.create(state=RunState.QUEUED)
    jobs = of(scraped(), "jobs", status="todo")
    app.configure_task(TASK, queue="training").defer(run_id=1)

    found = scraped()
    assert of(found, "database_up") == 1
    assert of(found, "label_queue_images") == 1
    assert 3_600 <= of(found, "label_queue_oldest_seconds") < 3_700
    assert of(found, "uploads") == 2
    assert of(found, "audited_answers") == 0
    assert of(found, "audited_error_ratio", bound="upper") == 1
    assert of(found, "model_info", name="served") == 1
    assert of(found, "model_promoted_timestamp_seconds") == pytest.approx(promoted.at.timestamp())
    assert of(found, "training_runs", state="queued") == 1
    assert ("mnistsite_training_runs", frozenset({("state", "failed")})) in found
    assert of(found, "jobs", status="todo") == jobs + 1
    assert ("mnistsite_jobs", frozenset({("status", "failed")})) in found


def test_an_empty_site_has_no_model_and_an_empty_queue(transactional_db: None) -> None:
    found = scraped()
    assert of(found, "database_up") == 1
    assert of(found, "label_queue_oldest_seconds") == 0
    assert not [name for name, _ in found if name.startswith("mnistsite_model")]


def test_without_a_database_there_is_what_the_process_knows(away: None, client: Client) -> None:
    client.get("/healthz")
    found = scraped()
    assert of(found, "database_up") == 0
    assert ("mnistsite_database_up", frozenset()) in found
    assert of(found, "requests_total", method="GET", route="healthz", status="200") >= 1
    assert ("mnistsite_uploads", frozenset()) not in found


def test_the_newer_format_is_given_to_who_asks_for_it(away: None, client: Client) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    response = client.get("/metrics", headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith(
        "application/openmetrics-text; version=1.0.0"
    )
    assert "mnistsite_requests" in {family.name for family in open_families(response.text)}  # type: ignore[no-untyped-call]


SERVES = """
import sys
import django
django.setup()

from django.test import Client
for _ in range(int(sys.argv[1])):
    Client().get("/healthz")
print(Client().get("/metrics").text)
"""


@pytest.mark.slow
def test_the_figures_of_several_processes_are_added_up(tmp_path: Path) -> None:
    def serve(times: int) -> Figures:
        done = subprocess.run(
            [sys.executable, "-c", SERVES, str(times)],
            env=os.environ
            | {
                "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
                "DJANGO_SETTINGS_MODULE": "mnistsite.settings",
                "ALLOWED_HOSTS": "testserver",
                "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
            },
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        )
        return figures(done.stdout)

    healthz = {"method": "GET", "route": "healthz", "status": "200"}
    assert of(serve(3), "requests_total", **healthz) == 3
    both = serve(4)
    assert of(both, "requests_total", **healthz) == 7
    assert of(both, "request_seconds_count", route="healthz") == 7
    assert of(both, "request_seconds_bucket", route="healthz", le="+Inf") == 7
    assert of(both, "database_up") == 0
    assert len({name for name, _ in both if name == "mnistsite_database_up"}) == 1
