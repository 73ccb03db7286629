"""What monitors are told: by any name, in time, and rightly again as soon as it is over."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from unittest.mock import Mock
from uuid import UUID, uuid4

import psycopg
import psycopg.errors
import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion
from classifier.tests import faults
from classifier.uploads.storage import MARKER
from mnistsite.observability import probes
from mnistsite.observability.deadline import Bounded
from mnistsite.tests.stack import eventually

ADDRESSES = ("/healthz", "/readyz", "/metrics")
WITHIN_S = 10

Answering = Callable[[Callable[[], tuple[str, UUID | None]]], None]


@pytest.fixture
def served(champion: ModelVersion, own_media: None, transactional_db: None) -> ModelVersion:
    """Committed: the check has a connection of its own."""
    return champion


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Has the check of the database ask something else, for a tenth of a second at most."""

    def answer(ask: Callable[[], tuple[str, UUID | None]]) -> None:
        monkeypatch.setattr(probes, "_database", Bounded(ask, 0.1))
        monkeypatch.setattr(probes, "_media", Bounded(lambda: None, 1))

    return answer


@pytest.fixture
def hanging() -> Iterator[Event]:
    """Set, nothing hangs any more."""
    event = Event()
    yield event
    event.set()


def test_a_process_that_lives_says_so_without_model_and_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_process_that_is_ready_names_its_model(served: ModelVersion, client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "model": "baseline"}


def test_a_process_without_model_is_not_ready(transactional_db: None, client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["code"] == "no_model"
    assert "promote" in response.json()["detail"]


def test_a_process_whose_database_is_away_is_not_ready_until_it_is_back(
    client: Client, answering: Answering
) -> None:
    plan = [OperationalError("connection refused")]

    def ask() -> tuple[str, UUID | None]:
        if plan:
            raise plan.pop()
        return "baseline", None

    answering(ask)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "no_database")
    assert client.get("/readyz").json() == {"status": "ready", "model": "baseline"}


def test_nobody_waits_for_a_check_that_hangs(
    client: Client, answering: Answering, hanging: Event
) -> None:
    asked: list[int] = []

    def ask() -> tuple[str, UUID | None]:
        asked.append(1)
        hanging.wait()
        return "baseline", None

    answering(ask)
    for _ in range(3):
        response = client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "no_database")
    assert len(asked) == 1, "one thread hangs, and no more"

    hanging.set()
    assert eventually(lambda: client.get("/readyz").status_code == 200, WITHIN_S)


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda patch, _: faults.break_new_files(patch, faults.raise_disk_full), "storage_full"),
        (lambda patch, _: faults.break_new_files(patch, faults.raise_read_only), "no_storage"),
        (lambda _, media: (media / MARKER).unlink(), "no_storage"),
        (lambda _, media: (media / MARKER).write_text(str(uuid4())), "no_storage"),
    ],
    ids=["full", "read-only", "not mounted", "another site's"],
)
def test_process_whose_media_fail_is_not_ready_until_they_work(
    served: ModelVersion,
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[pytest.MonkeyPatch, Path], None],
    code: str,
) -> None:
    marker = settings.MEDIA_ROOT / MARKER
    store_id = marker.read_text()
    with monkeypatch.context() as patched:
        break_it(patched, settings.MEDIA_ROOT)
        response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, code)
    assert response.json()["failed"] == {"media": code}

    marker.write_text(store_id)
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.DiskFull("could not write to file"), "database_full"),
        (psycopg.errors.ReadOnlySqlTransaction("standby"), "no_database"),
    ],
    ids=["full", "read-only"],
)
def test_process_whose_database_takes_no_writes_is_not_ready(
    served: ModelVersion,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    error: psycopg.Error,
    code: str,
) -> None:
    with monkeypatch.context() as patched:
        faults.break_cursors(patched, error)
        response = client.get("/readyz")

    assert (response.status_code, response.json()["failed"]) == (503, {"database": code})


def test_read_only_database_is_found_by_a_real_write(
    served: ModelVersion, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", "-c default_transaction_read_only=on")

    assert client.get("/readyz").json()["failed"] == {"database": "no_database"}


def test_everything_that_fails_is_named(
    served: ModelVersion, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.MEDIA_ROOT / MARKER).unlink()
    monkeypatch.setattr(
        probes, "_database", Bounded(Mock(side_effect=OperationalError("refused")), 1)
    )

    failed = client.get("/readyz").json()["failed"]

    assert failed == {"database": "no_database", "media": "no_storage"}


def test_media_that_hang_are_named_and_waited_for_no_longer_than_the_database(
    served: ModelVersion, client: Client, monkeypatch: pytest.MonkeyPatch, hanging: Event
) -> None:
    monkeypatch.setattr(probes, "_media", Bounded(lambda: hanging.wait() and None, 0.1))

    assert client.get("/readyz").json()["failed"] == {"media": "no_storage"}

    hanging.set()
    assert eventually(lambda: client.get("/readyz").status_code == 200, WITHIN_S)


def test_readiness_check_takes_disk_space_of_the_database(
    served: ModelVersion, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", "-c temp_file_limit=64kB")

    assert client.get("/readyz").json()["failed"] == {"database": "no_database"}


def test_readiness_check_leaves_nothing_behind(
    served: ModelVersion, client: Client, settings: Settings
) -> None:
    assert client.get("/readyz").status_code == 200

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_ls_tmpdir()")
        assert cursor.fetchone() == (0,)
    assert not [path for path in (settings.MEDIA_ROOT / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_answered_by_any_name_without_a_redirect_or_a_session(
    address: str, served: ModelVersion, client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client.get(address, headers={"Host": "web:5000"})
    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_can_only_be_read(address: str, served: ModelVersion, client: Client) -> None:
    assert client.head(address).status_code == 200
    refused = client.post(address)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_whatever_else_is_asked_goes_on(client: Client) -> None:
    assert client.get("/readyz/").status_code == 404
    assert client.get("/", headers={"Host": "web:5000"}).status_code == 400
