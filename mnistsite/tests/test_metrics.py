"""Metrics are valid, add up over processes, and work without a database."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django import app
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_families

from classifier.models import ModelVersion, QueueItem, RunState, TrainingRun
from classifier.registry.runs import TASK
from classifier.tests import factories
from classifier.tests.commands import run_python
from classifier.tests.pictures import Draw
from mnistsite.observability import metrics
from mnistsite.observability.deadline import WithDeadline

Labels = frozenset[tuple[str, str]]
Metrics = dict[tuple[str, Labels], float]


def parse_metrics(text: str) -> Metrics:
    """Raise ValueError if the text is not in Prometheus's format."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_families(text)
        for sample in family.samples
    }


def scrape() -> Metrics:
    response = Client().get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return parse_metrics(response.text)


def get_value(values: Metrics, name: str, /, **labels: str) -> float:
    return values.get((f"mnistsite_{name}", frozenset(labels.items())), 0.0)


@pytest.fixture
def database_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(metrics.StateCollector, "_read", WithDeadline(refuse, 1.0))


def test_requests_are_counted_and_timed_by_route(
    champion: ModelVersion, database_down: None, client: Client, draw_digit: Draw
) -> None:
    before = scrape()
    page = client.post("/predict", {"image": SimpleUploadedFile("seven.png", draw_digit(7))})
    client.get(page.headers["Location"])
    client.get(f"/result/{uuid4()}")
    client.get("/wp-login.php")
    client.generic("BREW", "/pot")

    after = scrape()

    def increase(name: str, **labels: str) -> float:
        return get_value(after, name, **labels) - get_value(before, name, **labels)

    assert increase("requests_total", method="POST", route="predict", status="302") == 1
    assert increase("requests_total", method="GET", route="result", status="200") == 1
    assert increase("requests_total", method="GET", route="result", status="404") == 1
    assert increase("requests_total", method="GET", route="unknown", status="404") == 1
    assert increase("requests_total", method="other", route="unknown", status="404") == 1
    assert increase("request_seconds_count", route="result") == 2
    assert increase("request_seconds_bucket", route="predict", le="+Inf") == 1
    assert increase("request_seconds_sum", route="predict") > 0


def test_state_is_read_from_the_database(transactional_db: None) -> None:
    model = factories.create_version(name="served", state="champion")
    promoted = model.promotions.create(via="command")
    item = factories.create_queue_item()
    factories.create_queue_item(label="7")
    QueueItem.objects.filter(pk=item.pk).update(created_at=timezone.now() - timedelta(hours=1))
    TrainingRun.objects.create(state=RunState.QUEUED)
    jobs = get_value(scrape(), "jobs", status="todo")
    app.configure_task(TASK, queue="training").defer(run_id=1)

    scraped = scrape()
    assert get_value(scraped, "database_up") == 1
    assert get_value(scraped, "label_queue_images") == 1
    assert 3_600 <= get_value(scraped, "label_queue_oldest_seconds") < 3_700
    assert get_value(scraped, "uploads") == 2
    assert get_value(scraped, "audited_answers") == 0
    assert get_value(scraped, "audited_error_ratio", bound="upper") == 1
    assert get_value(scraped, "model_info", name="served") == 1
    assert get_value(scraped, "model_promoted_timestamp_seconds") == pytest.approx(
        promoted.at.timestamp()
    )
    assert get_value(scraped, "training_runs", state="queued") == 1
    assert ("mnistsite_training_runs", frozenset({("state", "failed")})) in scraped
    assert get_value(scraped, "jobs", status="todo") == jobs + 1
    assert ("mnistsite_jobs", frozenset({("status", "failed")})) in scraped


def test_empty_site_has_no_model_and_an_empty_queue(transactional_db: None) -> None:
    scraped = scrape()
    assert get_value(scraped, "database_up") == 1
    assert get_value(scraped, "label_queue_oldest_seconds") == 0
    assert not [name for name, _ in scraped if name.startswith("mnistsite_model")]


def test_process_metrics_work_without_a_database(database_down: None, client: Client) -> None:
    client.get("/healthz")
    scraped = scrape()
    assert get_value(scraped, "database_up") == 0
    assert ("mnistsite_database_up", frozenset()) in scraped
    assert get_value(scraped, "requests_total", method="GET", route="healthz", status="200") >= 1
    assert ("mnistsite_uploads", frozenset()) not in scraped


def test_openmetrics_format_is_negotiated(database_down: None, client: Client) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    response = client.get("/metrics", headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith(
        "application/openmetrics-text; version=1.0.0"
    )
    assert "mnistsite_requests" in {family.name for family in parse_openmetrics(response.text)}  # type: ignore[no-untyped-call]


SERVE_CODE = """
import sys
import django
django.setup()

from django.test import Client
for _ in range(int(sys.argv[1])):
    Client().get("/healthz")
print(Client().get("/metrics").text)
"""


@pytest.mark.slow
def test_metrics_of_several_processes_add_up(tmp_path: Path) -> None:
    def serve(times: int) -> Metrics:
        environment = os.environ | {
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
            "ALLOWED_HOSTS": "testserver",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        }
        completed = run_python("-c", SERVE_CODE, str(times), environment=environment)
        assert completed.returncode == 0, completed.stderr
        return parse_metrics(completed.stdout)

    healthz = {"method": "GET", "route": "healthz", "status": "200"}
    assert get_value(serve(3), "requests_total", **healthz) == 3
    both = serve(4)
    assert get_value(both, "requests_total", **healthz) == 7
    assert get_value(both, "request_seconds_count", route="healthz") == 7
    assert get_value(both, "request_seconds_bucket", route="healthz", le="+Inf") == 7
    assert get_value(both, "database_up") == 0
    assert len({name for name, _ in both if name == "mnistsite_database_up"}) == 1
