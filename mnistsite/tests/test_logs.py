"""Logs have the chosen format, the request's id, and no personal data."""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from io import StringIO
from logging.config import DictConfigurator
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from pytest_django.fixtures import Settings

from classifier.monitoring import request_id
from classifier.registry import runs
from classifier.tests.commands import run_python
from classifier.web import results
from mnistsite.observability import logs

REQUEST_ID = "0123456789abcdef" * 2
UPLOAD_ID = "2f1c9a4e-0b57-4a55-9c0e-6d1f52b1a3c8"


@pytest.fixture(params=logs.FORMATS)
def log_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def log(log_format: str) -> Iterator[StringIO]:
    """The output of a process with this LOG_FORMAT."""
    config = logs.build_config(log_format)
    output = StringIO()
    handler = logging.StreamHandler(output)
    formatter = config["formatters"][log_format]
    handler.setFormatter(DictConfigurator(config).configure_formatter(formatter))
    handler.addFilter(logs.RequestFilter())
    logging.getLogger().addHandler(handler)
    yield output
    logging.getLogger().removeHandler(handler)


json_only = pytest.mark.parametrize("log_format", ["json"])


def parse_lines(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def failing_client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client for which result pages fail, with personal data in the message."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"no {UPLOAD_ID}\nDETAIL:  Key (username)=(anna) exists, 203.0.113.7")

    monkeypatch.setattr(results, "get_object_or_404", fail)
    return Client(raise_request_exception=False)


def test_failure_is_logged_with_id_route_and_traceback_only(
    failing_client: Client, log: StringIO
) -> None:
    response = failing_client.get(f"/result/{UPLOAD_ID}?name=anna", REMOTE_ADDR="203.0.113.7")
    assert response.headers["X-Request-ID"] in log.getvalue()
    assert "Internal Server Error: result" in log.getvalue()
    assert "RuntimeError: no <uuid>" in log.getvalue()
    assert "results.py" in log.getvalue()
    for text in (UPLOAD_ID, "anna", "203.0.113.7", "/result/", "name="):
        assert text not in log.getvalue()


@json_only
def test_json_object_has_the_expected_fields(failing_client: Client, log: StringIO) -> None:
    response = failing_client.get(f"/result/{UPLOAD_ID}")
    (line,) = parse_lines(log)
    assert set(line) == {"timestamp", "level", "logger", "request_id", "message", "exc_info"}
    assert (line["level"], line["logger"]) == ("ERROR", "django.request")
    assert line["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("log_format", ["line"])
def test_line_has_level_logger_and_id(log: StringIO) -> None:
    request_id.bind(REQUEST_ID)
    logging.getLogger("some.module").warning("Something %s.", "odd")
    request_id.clear()
    logging.getLogger("some.module").warning("Something else.")
    first, second = log.getvalue().splitlines()
    assert first.endswith(f" WARNING some.module [{REQUEST_ID}]: Something odd.")
    assert second.endswith(" WARNING some.module [-]: Something else.")


@json_only
@pytest.mark.django_db
def test_rejected_request_is_not_logged(client: Client, log: StringIO) -> None:
    assert client.get(f"/result/{UPLOAD_ID}").status_code == 404
    assert client.post("/").status_code == 405
    assert not log.getvalue()


@json_only
def test_csrf_failure_is_logged_by_its_route(log: StringIO) -> None:
    Client(enforce_csrf_checks=True).post(f"/suggest/{UPLOAD_ID}")
    (line,) = parse_lines(log)
    assert line["logger"] == "django.security.csrf"
    assert line["message"] == "Forbidden (CSRF cookie not set.): suggest"


@json_only
def test_failed_login_is_logged_without_the_user_name(
    outsider: User, client: Client, log: StringIO
) -> None:
    form = {"username": "outsider", "password": "a guess"}
    client.post("/admin/login/", form, REMOTE_ADDR="203.0.113.7")
    (line,) = parse_lines(log)
    assert line["logger"].startswith("axes.")
    assert line["message"].startswith("AXES: New login failure by somebody.")


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"No such file: uploads/ab/{UPLOAD_ID}", "No such file: uploads/ab/<uuid>"),
        ("GET /predict?name=anna&x=1 HTTP/1.1", "GET /predict?<query> HTTP/1.1"),
        ("Is it running? No.", "Is it running? No."),
        ("invalid request from ip=203.0.113.7: bad", "invalid request from ip=<address>: bad"),
        ("from 2001:db8::7:1, port 5", "from <address>, port 5"),
        ("from 2001:db8::1:", "from <address>:"),
        ("from ::1.", "from ::1."),
        ("Listening at http://0.0.0.0:5000", "Listening at http://0.0.0.0:5000"),
        ("at 07:19:00, of version 1.2.3", "at 07:19:00, of version 1.2.3"),
        ("exists\nDETAIL:  Key (name)=(anna).\nend", "exists\nDETAIL: <row>\nend"),
    ],
)
def test_personal_data_is_scrubbed(text: str, scrubbed: str) -> None:
    assert logs.scrub(text) == scrubbed


def test_client_cannot_choose_the_request_id(client: Client) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": REQUEST_ID})
    new_id = response.headers["X-Request-ID"]
    assert new_id != REQUEST_ID
    assert len(new_id) == 32
    assert response.wsgi_request.META["mnistsite.request_id"] == new_id
    assert response.wsgi_request.META["mnistsite.route"] == "healthz"
    assert request_id.get_current() == "", "the thread still has this request's id"


@pytest.mark.parametrize(
    "header", [REQUEST_ID, "", "short", REQUEST_ID.upper(), REQUEST_ID + "\n", "x" * 32]
)
def test_valid_request_id_of_nginx_is_used(header: str, client: Client, settings: Settings) -> None:
    settings.BEHIND_NGINX = True
    response = client.get("/healthz", headers={"X-Request-ID": header})
    assert (response.headers["X-Request-ID"] == header) == (header == REQUEST_ID)
    assert len(response.headers["X-Request-ID"]) == 32


@pytest.fixture
def started_environments(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environments of processes that jobs start, which are replaced by a stub."""
    environments: list[dict[str, str]] = []

    class Process:
        async def wait(self) -> int:
            logging.getLogger("training").info("A line of the job.")
            return 0

    async def start(*_: object, env: dict[str, str], **__: object) -> Process:
        environments.append(env)
        return Process()

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    return environments


def run_worker() -> None:
    """Run a worker until no training job is left."""

    connector = cast(DjangoConnector, app.connector).get_worker_connector()

    async def run() -> None:
        with app.replace_connector(connector) as replaced:
            async with replaced.open_async():
                await replaced.run_worker_async(queues=["training"], wait=False)
        await sync_to_async(connections.close_all)()

    asyncio.run(run())


@json_only
def test_job_has_the_id_of_its_request(
    transactional_db: None,
    admin_user: User,
    log: StringIO,
    started_environments: list[dict[str, str]],
) -> None:
    client = Client()
    client.force_login(admin_user)
    response = client.post("/api/runs", {"fine_tune": False}, content_type="application/json")
    assert response.status_code == 201, response.text

    run_worker()
    lines = parse_lines(log)
    job_lines = [
        line for line in lines if "tasks.train" in line["message"] or "A line" in line["message"]
    ]
    assert [line["message"].split("[")[0] for line in job_lines] == [
        "Starting job training.tasks.train",
        "A line of the job.",
        "Job training.tasks.train",
    ]
    assert {line["request_id"] for line in job_lines} == {response.headers["X-Request-ID"]}
    assert [environment["REQUEST_ID"] for environment in started_environments] == [
        response.headers["X-Request-ID"]
    ]


def test_job_without_a_request_has_an_id(
    transactional_db: None, started_environments: list[dict[str, str]]
) -> None:
    runs.queue_run(None, fine_tune=False)
    run_worker()
    assert [len(environment["REQUEST_ID"]) for environment in started_environments] == [32]


@json_only
def test_periodic_job_is_logged_only_if_it_fails(log: StringIO) -> None:
    job = {"job": {"task_kwargs": {"timestamp": 1}}}
    logging.getLogger("procrastinate.worker").info("Starting job", extra=job)
    logging.getLogger("procrastinate.worker").error("Job ended with status: Error", extra=job)
    assert [line["message"] for line in parse_lines(log)] == ["Job ended with status: Error"]


LOGGING_CODE = """
import logging
import django
django.setup()
logging.getLogger("training.management.commands.train").info("epoch 1")
"""


def log_in_process(**environment: str) -> str:
    return run_python("-c", LOGGING_CODE, environment=os.environ | environment).stderr


@pytest.mark.slow
def test_process_of_a_job_logs_with_its_id() -> None:
    line = json.loads(log_in_process(LOG_FORMAT="json", REQUEST_ID=REQUEST_ID))
    assert (line["message"], line["request_id"]) == ("epoch 1", REQUEST_ID)


@pytest.mark.slow
def test_unknown_log_format_stops_the_start() -> None:
    assert "LOG_FORMAT='xml' is not one of line, json." in log_in_process(LOG_FORMAT="xml")
