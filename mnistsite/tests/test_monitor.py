"""Probes work for any host, answer in time, and recover at once."""

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
from mnistsite.observability.deadline import WithDeadline
from mnistsite.tests.site import wait_until

ADDRESSES = ("/healthz", "/readyz", "/metrics")
WITHIN_S = 10

SetCheck = Callable[[Callable[[], tuple[str, UUID | None]]], None]


@pytest.fixture
def served(champion: ModelVersion, own_media: None, transactional_db: None) -> ModelVersion:
    """A committed champion, because the check uses its own connection."""
    return champion


@pytest.fixture
def set_check(monkeypatch: pytest.MonkeyPatch) -> SetCheck:
    """Replace the check of the database, with a deadline of 0.1 seconds."""

    def replace(check: Callable[[], tuple[str, UUID | None]]) -> None:
        monkeypatch.setattr(probes, "_check_database", WithDeadline(check, 0.1))
        monkeypatch.setattr(probes, "_read_marker", WithDeadline(lambda: None, 1))

    return replace


@pytest.fixture
def hanging() -> Iterator[Event]:
    """An event that checks wait for."""
    event = Event()
    yield event
    event.set()


def test_healthz_needs_no_model_or_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_process_names_its_model(served: ModelVersion, client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "model": "baseline"}


def test_process_without_a_model_is_not_ready(transactional_db: None, client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["code"] == "no_model"
    assert "promote" in response.json()["detail"]


def test_process_is_not_ready_until_its_database_is_back(
    client: Client, set_check: SetCheck
) -> None:
    errors = [OperationalError("connection refused")]

    def check() -> tuple[str, UUID | None]:
        if errors:
            raise errors.pop()
        return "baseline", None

    set_check(check)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "no_database")
    assert client.get("/readyz").json() == {"status": "ready", "model": "baseline"}


def test_hanging_check_is_started_once(client: Client, set_check: SetCheck, hanging: Event) -> None:
    calls: list[int] = []

    def check() -> tuple[str, UUID | None]:
        calls.append(1)
        hanging.wait()
        return "baseline", None

    set_check(check)
    for _ in range(3):
        response = client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "no_database")
    assert len(calls) == 1, "more than one thread hangs"

    hanging.set()
    assert wait_until(lambda: client.get("/readyz").status_code == 200, WITHIN_S)


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


def test_failures_are_reported_together(
    served: ModelVersion, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.MEDIA_ROOT / MARKER).unlink()
    monkeypatch.setattr(
        probes, "_check_database", WithDeadline(Mock(side_effect=OperationalError("refused")), 1)
    )

    failed = client.get("/readyz").json()["failed"]

    assert failed == {"database": "no_database", "media": "no_storage"}


def test_hanging_media_are_reported(
    served: ModelVersion, client: Client, monkeypatch: pytest.MonkeyPatch, hanging: Event
) -> None:
    monkeypatch.setattr(probes, "_read_marker", WithDeadline(lambda: hanging.wait() and None, 0.1))

    assert client.get("/readyz").json()["failed"] == {"media": "no_storage"}

    hanging.set()
    assert wait_until(lambda: client.get("/readyz").status_code == 200, WITHIN_S)


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
def test_probe_accepts_any_host_without_redirect_or_session(
    address: str, served: ModelVersion, client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client.get(address, headers={"Host": "web:5000"})
    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.parametrize("address", ADDRESSES)
def test_probe_allows_only_get_and_head(address: str, served: ModelVersion, client: Client) -> None:
    assert client.head(address).status_code == 200
    refused = client.post(address)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_other_paths_are_not_probes(client: Client) -> None:
    assert client.get("/readyz/").status_code == 404
    assert client.get("/", headers={"Host": "web:5000"}).status_code == 400
