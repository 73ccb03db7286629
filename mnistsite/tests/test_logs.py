"""What is logged: in the chosen format, with the request's id, and nothing of anybody."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from logging.config import DictConfigurator
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from pytest_django.fixtures import Settings

from classifier.monitoring import request_id
from classifier.registry import runs
from classifier.web import results
from mnistsite.observability import logs

AN_ID = "0123456789abcdef" * 2
NOBODY = "2f1c9a4e-0b57-4a55-9c0e-6d1f52b1a3c8"


@pytest.fixture(params=logs.FORMATS)
def log_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def log(log_format: str) -> Iterator[StringIO]:
    """What a process with this LOG_FORMAT would have written."""
    config = logs.configuration(log_format)
    written = StringIO()
    handler = logging.StreamHandler(written)
    formatter = config["formatters"][log_format]
    handler.setFormatter(DictConfigurator(config).configure_formatter(formatter))
    handler.addFilter(logs.Context())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


in_json = pytest.mark.parametrize("log_format", ["json"])


def objects(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Every page of a result fails, with a message that says too much."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"no {NOBODY}\nDETAIL:  Key (username)=(anna) exists, says 203.0.113.7")

    monkeypatch.setattr(results, "get_object_or_404", fail)
    return Client(raise_request_exception=False)


def test_a_failure_is_logged_with_its_id_and_route_and_trace_and_nothing_else(
    failing: Client, log: StringIO
) -> None:
    response = failing.get(f"/result/{NOBODY}?name=anna", REMOTE_ADDR="203.0.113.7")
    assert response.headers["X-Request-ID"] in log.getvalue()
    assert "Internal Server Error: result" in log.getvalue()
    assert "RuntimeError: no <uuid>" in log.getvalue()
    assert "results.py" in log.getvalue()
    for told in (str(NOBODY), "anna", "203.0.113.7", "/result/", "name="):
        assert told not in log.getvalue()


@in_json
def test_an_object_has_what_is_searched_by(failing: Client, log: StringIO) -> None:
    response = failing.get(f"/result/{NOBODY}")
    (line,) = objects(log)
    assert set(line) == {"timestamp", "level", "logger", "request_id", "message", "exc_info"}
    assert (line["level"], line["logger"]) == ("ERROR", "django.request")
    assert line["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("log_format", ["line"])
def test_a_line_has_the_same(log: StringIO) -> None:
    request_id.bind(AN_ID)
    logging.getLogger("some.module").warning("Something %s.", "odd")
    request_id.clear()
    logging.getLogger("some.module").warning("Something else.")
    first, second = log.getvalue().splitlines()
    assert first.endswith(f" WARNING some.module [{AN_ID}]: Something odd.")
    assert second.endswith(" WARNING some.module [-]: Something else.")


@in_json
@pytest.mark.django_db
def test_what_is_refused_is_for_the_access_log(client: Client, log: StringIO) -> None:
    assert client.get(f"/result/{NOBODY}").status_code == 404
    assert client.post("/").status_code == 405
    assert not log.getvalue()


@in_json
def test_a_form_of_another_site_is_logged_by_its_route(log: StringIO) -> None:
    Client(enforce_csrf_checks=True).post(f"/suggest/{NOBODY}")
    (line,) = objects(log)
    assert line["logger"] == "django.security.csrf"
    assert line["message"] == "Forbidden (CSRF cookie not set.): suggest"


@in_json
def test_who_fails_to_log_in_is_not_named(outsider: User, client: Client, log: StringIO) -> None:
    given = {"username": "outsider", "password": "a guess"}
    client.post("/admin/login/", given, REMOTE_ADDR="203.0.113.7")
    (line,) = objects(log)
    assert line["logger"].startswith("axes.")
    assert line["message"].startswith("AXES: New login failure by somebody.")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"No such file: uploads/ab/{NOBODY}", "No such file: uploads/ab/<uuid>"),
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
def test_what_names_somebody_is_taken_out(text: str, told: str) -> None:
    assert logs.scrubbed(text) == told


def test_a_request_gets_an_id_of_its_own_where_nginx_is_not_in_front(client: Client) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": AN_ID})
    given = response.headers["X-Request-ID"]
    assert given != AN_ID
    assert len(given) == 32
    assert response.wsgi_request.META["mnistsite.request_id"] == given
    assert response.wsgi_request.META["mnistsite.route"] == "healthz"
    assert request_id.get_current() == "", "the thread's next lines are not this request's"


@pytest.mark.parametrize("given", [AN_ID, "", "short", AN_ID.upper(), AN_ID + "\n", "x" * 32])
def test_nginx_gives_the_id_if_it_looks_like_one(
    given: str, client: Client, settings: Settings
) -> None:
    settings.BEHIND_NGINX = True
    response = client.get("/healthz", headers={"X-Request-ID": given})
    assert (response.headers["X-Request-ID"] == given) == (given == AN_ID)
    assert len(response.headers["X-Request-ID"]) == 32


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environments of the processes that jobs would have started."""
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


def work() -> None:
    """What the worker does: all the training that waits."""

    connector = cast(DjangoConnector, app.connector).get_worker_connector()

    async def run() -> None:
        with app.replace_connector(connector) as replaced:
            async with replaced.open_async():
                await replaced.run_worker_async(queues=["training"], wait=False)
        await sync_to_async(connections.close_all)()

    asyncio.run(run())


@in_json
def test_a_job_carries_the_id_of_the_request_that_asked_for_it(
    transactional_db: None, admin_user: User, log: StringIO, started: list[dict[str, str]]
) -> None:
    visitor = Client()
    visitor.force_login(admin_user)
    asked = visitor.post("/api/runs", {"fine_tune": False}, content_type="application/json")
    assert asked.status_code == 201, asked.text

    work()
    lines = objects(log)
    of_job = [
        each for each in lines if "tasks.train" in each["message"] or "A line" in each["message"]
    ]
    said = [line["message"].split("[")[0] for line in of_job]
    assert said == [
        "Starting job training.tasks.train",
        "A line of the job.",
        "Job training.tasks.train",
    ]
    assert {line["request_id"] for line in of_job} == {asked.headers["X-Request-ID"]}
    assert [each["REQUEST_ID"] for each in started] == [asked.headers["X-Request-ID"]]


def test_a_job_that_no_request_asked_for_has_an_id_too(
    transactional_db: None, started: list[dict[str, str]]
) -> None:
    runs.queue_run(None, fine_tune=False)
    work()
    assert [len(each["REQUEST_ID"]) for each in started] == [32]


@in_json
def test_what_the_clock_asks_for_is_logged_where_it_fails(log: StringIO) -> None:
    job = {"job": {"task_kwargs": {"timestamp": 1}}}
    logging.getLogger("procrastinate.worker").info("Starting job", extra=job)
    logging.getLogger("procrastinate.worker").error("Job ended with status: Error", extra=job)
    assert [line["message"] for line in objects(log)] == ["Job ended with status: Error"]


LOGS = """
import logging
import django
django.setup()
logging.getLogger("training.management.commands.train").info("epoch 1")
"""


def said(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LOGS],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"} | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def test_the_process_that_a_job_starts_logs_with_its_id() -> None:
    line = json.loads(said(LOG_FORMAT="json", REQUEST_ID=AN_ID))
    assert (line["message"], line["request_id"]) == ("epoch 1", AN_ID)


def test_a_format_that_does_not_exist_stops_the_start_by_name() -> None:
    assert "LOG_FORMAT='xml' is not one of line, json." in said(LOG_FORMAT="xml")
