"""Connecting is patient, once; and nothing waits for a server that is known to be away."""

import os
import subprocess
import sys
from functools import cache
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg.errors import ConnectionTimeout

from mnistsite.database import base, server

CLOSED_PORT = 9  # nobody listens on "discard"


class Clock:
    """Stands still but for what is slept, so that a test needs no time."""

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
    # Nothing is known yet of any server.
    monkeypatch.setattr(base, "server", cache(server.Server))
    monkeypatch.setattr(server, "_waits_at_start", False)
    return clock


def wrapper(**changes: object) -> base.DatabaseWrapper:
    return base.DatabaseWrapper({**connections["default"].settings_dict, **changes}, "other")


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """What each try to connect, from the last to the first, ends with; None succeeds."""
    planned: list[Exception | None] = []
    real = psycopg.connect

    def connect(*arguments: Any, **options: Any) -> Any:
        if error := planned.pop():
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(psycopg, "connect", connect)
    return planned


def starting(times: int) -> list[Exception]:
    return [psycopg.OperationalError("the database system is starting up") for _ in range(times)]


def test_connecting_is_tried_four_times_with_growing_pauses_and_then_explained(
    clock: Clock,
) -> None:
    unreachable = wrapper(HOST="127.0.0.1", PORT=CLOSED_PORT)
    with pytest.raises(psycopg.OperationalError) as error:
        unreachable.connect()
    assert clock.slept == [0.2, 0.4, 0.8]
    assert "No connection to PostgreSQL at 127.0.0.1: connection failed" in str(error.value)
    assert "is DATABASE_URL right?" in str(error.value)


@pytest.mark.django_db
def test_a_database_that_comes_up_late_is_connected_to(
    clock: Clock, tries: list[Exception | None]
) -> None:
    tries += [None, *starting(2)]
    other = wrapper()
    other.connect()
    other.close()
    assert clock.slept == [0.2, 0.4]


@pytest.mark.django_db
def test_while_it_is_away_it_is_tried_once_a_second_and_without_patience(
    clock: Clock, tries: list[Exception | None], caplog: pytest.LogCaptureFixture
) -> None:
    tries += [None, *starting(5)]
    other = wrapper()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    assert len(tries) == 2

    clock.slept.clear()
    with pytest.raises(psycopg.OperationalError, match="could not be reached a moment ago"):
        other.connect()
    assert len(tries) == 2

    clock.now += 1
    with pytest.raises(psycopg.OperationalError, match="starting up"):
        other.connect()
    clock.now += 1
    other.connect()
    other.close()
    assert (tries, clock.slept) == ([], [])
    away, back = caplog.messages
    assert "is away: the database system is starting up" in away
    assert back.endswith("is back.")


@pytest.mark.django_db
def test_a_server_that_is_back_is_met_with_patience_again(
    clock: Clock, tries: list[Exception | None]
) -> None:
    tries += [None, *starting(1), None, *starting(4)]
    other = wrapper()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    clock.now += 1
    other.connect()
    other.close()
    clock.slept.clear()
    other.connect()
    other.close()
    assert clock.slept == [0.2]


def test_connecting_to_a_server_that_hangs_is_not_tried_again(
    clock: Clock, tries: list[Exception | None]
) -> None:
    tries += [*starting(1), ConnectionTimeout("connection timeout expired")]
    with pytest.raises(psycopg.OperationalError, match="timeout expired"):
        wrapper(HOST="127.0.0.1").connect()
    assert (len(tries), clock.slept) == (1, [])


@pytest.mark.django_db
def test_command_waits_half_a_minute_for_its_database_and_says_so(
    clock: Clock, tries: list[Exception | None], caplog: pytest.LogCaptureFixture
) -> None:
    server.wait_at_start()
    tries += [None, *starting(6)]
    other = wrapper()
    other.connect()
    other.close()
    assert clock.slept == [0.5, 1, 2, 4, 8, 16]
    (line,) = caplog.messages
    assert line.startswith("Waiting up to 32 s for PostgreSQL at ")
    assert line.endswith("the database system is starting up")


@pytest.mark.django_db
def test_command_that_has_reached_its_database_waits_no_longer_than_a_request(
    clock: Clock, tries: list[Exception | None]
) -> None:
    server.wait_at_start()
    tries += [*starting(4), None]
    other = wrapper()
    other.connect()
    other.close()
    with pytest.raises(psycopg.OperationalError):
        other.connect()
    assert clock.slept == [0.2, 0.4, 0.8]


def test_command_does_not_wait_where_the_server_refuses_it(
    clock: Clock, tries: list[Exception | None]
) -> None:
    server.wait_at_start()
    refusal = 'FATAL:  password authentication failed for user "site"'
    tries += [*starting(1), psycopg.OperationalError(refusal)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        wrapper(HOST="127.0.0.1").connect()
    assert (len(tries), clock.slept) == (1, [])


def test_command_without_a_database_ends_with_one_sentence() -> None:
    """In a process of its own, whose pauses are cut short."""
    code = (
        "import sys, manage; from mnistsite.database import server; "
        "server.START_PAUSES_S = (0.0, 0.0); sys.argv = ['manage.py', 'models']; manage.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"DATABASE_URL": f"postgresql://site@127.0.0.1:{CLOSED_PORT}/site"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Waiting up to 0 s for PostgreSQL at 127.0.0.1:9" in done.stderr
    assert "No connection to PostgreSQL at 127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_a_connection_that_the_server_has_ended_is_not_used_again() -> None:
    other = wrapper()
    other.connect()
    assert other.is_usable()
    pid = other.connection.info.backend_pid
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert not other.is_usable()
    other.close()
    assert not other.is_usable()


def test_a_dead_host_is_noticed_in_seconds_unless_the_url_says_otherwise() -> None:
    params = wrapper(OPTIONS={"connect_timeout": 9}).get_connection_params()
    assert params["connect_timeout"] == 9
    assert params["tcp_user_timeout"] == 4_000
    assert params["keepalives_idle"] + params["keepalives_interval"] * 2 <= 5


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL must start with postgresql://"),
        ("MAX_UPLOAD_MB", "many", "MAX_UPLOAD_MB='many' is not a whole number of at least 1"),
        ("DEBUG", "perhaps", "DEBUG='perhaps' is neither true nor false"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_name(variable: str, value: str, complaint: str) -> None:
    done = manage("check", **{variable: value})
    assert done.returncode != 0
    assert complaint in done.stderr


def test_the_web_process_has_no_default_secret() -> None:
    environment = {name: os.environ[name] for name in os.environ if name != "SECRET_KEY"}
    done = subprocess.run(
        [sys.executable, "-c", "import mnistsite.wsgi"],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "SECRET_KEY is not set; set it, or SECRET_KEY_FILE" in done.stderr


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=os.environ | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
