"""The worker's health check against connections like a worker's."""

import pytest
from django.db import OperationalError, connection

from classifier import jobs
from classifier.tests.workers import connect_as_worker
from mnistsite.entrypoints import worker_health


@pytest.mark.django_db
def test_worker_that_has_just_used_the_database_is_alive() -> None:
    with connect_as_worker():
        assert worker_health.main() == 0


@pytest.mark.django_db
def test_worker_that_has_been_silent_is_not_alive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "_ALIVE", jobs._ALIVE.replace("30 seconds", "-1 hour"))
    with connect_as_worker():
        assert worker_health.main() == 1
    assert "for 30 seconds" in capsys.readouterr().out


@pytest.mark.django_db
def test_worker_on_another_machine_counts_only_where_any_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = jobs._ALIVE.replace("inet_client_addr()", "'192.0.2.1'::inet")
    monkeypatch.setattr(jobs, "_ALIVE", elsewhere)
    with connect_as_worker():
        assert jobs.is_alive()
        assert worker_health.main() == 1


@pytest.mark.django_db
def test_other_process_is_no_worker() -> None:
    with connect_as_worker("web"):
        assert worker_health.main() == 1
        assert not jobs.is_alive()


def test_without_a_database_no_worker_is_alive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> None:
        raise OperationalError("No connection to PostgreSQL at db")

    monkeypatch.setattr(connection, "ensure_connection", away)
    assert worker_health.main() == 1
    assert "No connection to PostgreSQL at db" in capsys.readouterr().err
