"""Connections are retried, unless the server is known to be down."""

import os
from functools import cache
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from psycopg.errors import ConnectionTimeout

from classifier.models.statements import execute_prepared
from classifier.tests.commands import run_python
from mnistsite.database import base, server

CLOSED_PORT = 9  # of the service "discard", which does not run


class Clock:
    """A clock that only `sleep` advances, so that tests don't wait."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("mnistsite.database.server.time", clock)
    monkeypatch.setattr(base, "get_server", cache(server.Server))
    monkeypatch.setattr(server, "_waits_at_start", False)
    return clock


def create_wrapper(**changes: object) -> base.DatabaseWrapper:
    return base.DatabaseWrapper({**connections["default"].settings_dict, **changes}, "other")


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """The result of each attempt to connect, in reverse order: an error, or None for success."""
    results: list[Exception | None] = []
    real = psycopg.connect

    def connect(*arguments: Any, **options: Any) -> Any:
        if error := results.pop():
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(psycopg, "connect", connect)
    return results


def fail_starting(times: int) -> list[Exception]:
    return [psycopg.OperationalError("the database system is starting up") for _ in range(times)]


def test_failed_connection_is_retried_and_explained(clock: Clock) -> None:
    unreachable = create_wrapper(HOST="127.0.0.1", PORT=CLOSED_PORT)
    with pytest.raises(psycopg.OperationalError) as error:
        unreachable.connect()
    assert clock.slept == [0.2, 0.4, 0.8]
    assert "No connection to PostgreSQL at 127.0.0.1: connection failed" in str(error.value)
    assert "is DATABASE_URL right?" in str(error.value)


@pytest.mark.django_db
def test_late_database_is_connected(clock: Clock, results: list[Exception | None]) -> None:
    results += [None, *fail_starting(2)]
    other = create_wrapper()
    other.connect()
    other.close()
    assert clock.slept == [0.2, 0.4]


@pytest.mark.django_db
def test_lost_server_is_tried_once_a_second_without_pauses(
    clock: Clock, results: list[Exception | None], caplog: pytest.LogCaptureFixture
) -> None:
    results += [None, *fail_starting(5)]
    other = create_wrapper()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    assert len(results) == 2

    clock.slept.clear()
    with pytest.raises(psycopg.OperationalError, match="could not be reached a moment ago"):
        other.connect()
    assert len(results) == 2

    clock.now += 1
    with pytest.raises(psycopg.OperationalError, match="starting up"):
        other.connect()
    clock.now += 1
    other.connect()
    other.close()
    assert (results, clock.slept) == ([], [])
    down, back = caplog.messages
    assert "is down: the database system is starting up" in down
    assert back.endswith("is back.")


@pytest.mark.django_db
def test_recovered_server_gets_retries_again(clock: Clock, results: list[Exception | None]) -> None:
    results += [None, *fail_starting(1), None, *fail_starting(4)]
    other = create_wrapper()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    clock.now += 1
    other.connect()
    other.close()
    clock.slept.clear()
    other.connect()
    other.close()
    assert clock.slept == [0.2]


def test_hanging_server_is_not_retried(clock: Clock, results: list[Exception | None]) -> None:
    results += [*fail_starting(1), ConnectionTimeout("connection timeout expired")]
    with pytest.raises(psycopg.OperationalError, match="timeout expired"):
        create_wrapper(HOST="127.0.0.1").connect()
    assert (len(results), clock.slept) == (1, [])


@pytest.mark.django_db
def test_command_waits_half_a_minute_and_logs_it(
    clock: Clock, results: list[Exception | None], caplog: pytest.LogCaptureFixture
) -> None:
    server.wait_at_start()
    results += [None, *fail_starting(6)]
    other = create_wrapper()
    other.connect()
    other.close()
    assert clock.slept == [0.5, 1, 2, 4, 8, 16]
    (line,) = caplog.messages
    assert line.startswith("Waiting up to 32 s for PostgreSQL at ")
    assert line.endswith("the database system is starting up")


@pytest.mark.django_db
def test_connected_command_waits_only_as_long_as_a_request(
    clock: Clock, results: list[Exception | None]
) -> None:
    server.wait_at_start()
    results += [*fail_starting(4), None]
    other = create_wrapper()
    other.connect()
    other.close()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    assert clock.slept == [0.2, 0.4, 0.8]


def test_command_does_not_wait_after_a_refusal(
    clock: Clock, results: list[Exception | None]
) -> None:
    server.wait_at_start()
    refusal = 'FATAL:  password authentication failed for user "site"'
    results += [*fail_starting(1), psycopg.OperationalError(refusal)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        create_wrapper(HOST="127.0.0.1").connect()
    assert (len(results), clock.slept) == (1, [])


@pytest.mark.slow
def test_command_without_a_database_prints_no_traceback() -> None:
    code = (
        "import sys, manage; from mnistsite.database import server; "
        "server.START_PAUSES_S = (0.0, 0.0); sys.argv = ['manage.py', 'models']; manage.main()"
    )
    url = f"postgresql://site@127.0.0.1:{CLOSED_PORT}/site"
    completed = run_python("-c", code, environment=os.environ | {"DATABASE_URL": url})
    assert completed.returncode == 1
    assert "Waiting up to 0 s for PostgreSQL at 127.0.0.1:9" in completed.stderr
    assert "No connection to PostgreSQL at 127.0.0.1" in completed.stderr
    assert "Traceback" not in completed.stderr


@pytest.mark.django_db
def test_terminated_connection_is_not_reused() -> None:
    other = create_wrapper()
    other.connect()
    assert other.is_usable()
    pid = other.connection.info.backend_pid
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert not other.is_usable()
    other.close()
    assert not other.is_usable()


def test_timeouts_are_short_unless_the_url_sets_them() -> None:
    params = create_wrapper(OPTIONS={"connect_timeout": 9}).get_connection_params()
    assert params["connect_timeout"] == 9
    assert params["tcp_user_timeout"] == 4_000
    assert params["keepalives_idle"] + params["keepalives_interval"] * 2 <= 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL must start with postgresql://"),
        ("MAX_UPLOAD_MB", "many", "MAX_UPLOAD_MB='many' is not a whole number of at least 1"),
        ("DEBUG", "perhaps", "DEBUG='perhaps' is not a boolean"),
    ],
)
def test_wrong_setting_stops_the_start(variable: str, value: str, complaint: str) -> None:
    completed = run_python("manage.py", "check", environment=os.environ | {variable: value})
    assert completed.returncode != 0
    assert complaint in completed.stderr


@pytest.mark.slow
def test_web_process_requires_a_secret_key() -> None:
    environment = {name: os.environ[name] for name in os.environ if name != "SECRET_KEY"}
    completed = run_python("-c", "import mnistsite.wsgi", environment=environment)
    assert "SECRET_KEY is not set. Set it, or SECRET_KEY_FILE" in completed.stderr


@pytest.mark.django_db
def test_frequent_statement_is_prepared() -> None:
    execute_prepared(b"SELECT 'a prepared statement'", [])
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        statements = [statement for (statement,) in cursor]
    assert "SELECT 'a prepared statement'" in statements
    assert "SELECT statement FROM pg_prepared_statements" not in statements
