"""A worker that hangs, or has lost its database, is not taken for a healthy one."""

import psycopg
import pytest
from django.db import OperationalError, connection

from mnistsite import worker_alive

HEARTBEAT = "SELECT 'procrastinate_workers'"


@pytest.fixture
def worker() -> psycopg.Connection[tuple[object, ...]]:
    """Another connection from here, as the worker's."""
    names = ("host", "port", "user", "password", "dbname")
    params = connection.get_connection_params()
    return psycopg.connect(
        **{name: params[name] for name in names if name in params}, autocommit=True
    )


@pytest.mark.django_db
def test_a_worker_that_has_just_spoken_is_alive(
    worker: psycopg.Connection[tuple[object, ...]],
) -> None:
    with worker:
        worker.execute(HEARTBEAT)
        assert worker_alive.main() == 0


@pytest.mark.django_db
def test_one_that_has_long_been_silent_is_not(
    worker: psycopg.Connection[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(worker_alive, "SPOKEN", worker_alive.SPOKEN.replace("1 minute", "0 s"))
    with worker:
        worker.execute(HEARTBEAT)
        assert worker_alive.main() == 1
    assert "has not been heard of" in capsys.readouterr().out


@pytest.mark.django_db
def test_who_speaks_of_other_things_is_no_worker(
    worker: psycopg.Connection[tuple[object, ...]],
) -> None:
    with worker:
        worker.execute("SELECT 1")
        assert worker_alive.main() == 1


def test_without_a_database_nobody_is_alive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> None:
        raise OperationalError("No connection to PostgreSQL at db")

    monkeypatch.setattr(connection, "ensure_connection", away)
    assert worker_alive.main() == 1
    assert "No connection to PostgreSQL at db" in capsys.readouterr().err
