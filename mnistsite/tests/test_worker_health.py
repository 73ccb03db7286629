"""The worker's health check, with connections like a worker's."""

import pytest
from django.db import OperationalError, connection

from classifier.monitoring import workers
from classifier.tests.workers import connect_as_worker
from mnistsite.entrypoints import worker_health


@pytest.mark.django_db
def test_active_worker_is_alive() -> None:
    with connect_as_worker():
        assert worker_health.main() == 0


@pytest.mark.django_db
def test_silent_worker_is_not_alive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workers, "_ALIVE", workers._ALIVE.replace("30 seconds", "-1 hour"))
    with connect_as_worker():
        assert worker_health.main() == 1
    assert "for 30 seconds" in capsys.readouterr().out


@pytest.mark.django_db
def test_worker_on_another_machine_does_not_pass_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = workers._ALIVE.replace("inet_client_addr()", "'192.0.2.1'::inet")
    monkeypatch.setattr(workers, "_ALIVE", elsewhere)
    with connect_as_worker():
        assert workers.is_worker_alive()
        assert worker_health.main() == 1


@pytest.mark.django_db
def test_other_process_is_not_a_worker() -> None:
    with connect_as_worker("web"):
        assert worker_health.main() == 1
        assert not workers.is_worker_alive()


def test_missing_database_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OperationalError("No connection to PostgreSQL at db")

    monkeypatch.setattr(connection, "ensure_connection", fail)
    assert worker_health.main() == 1
    assert "No connection to PostgreSQL at db" in capsys.readouterr().err
