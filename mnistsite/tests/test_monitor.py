"""What monitors are told: by any name, in time, and rightly again as soon as it is over."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion
from mnistsite import monitor
from mnistsite.bounded import Bounded
from mnistsite.tests.stack import eventually

ADDRESSES = ("/healthz", "/readyz", "/metrics")
WITHIN_S = 10


@pytest.fixture
def served(champion: ModelVersion, transactional_db: None) -> ModelVersion:
    """Committed: the check has a connection of its own."""
    return champion


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], str]], None]:
    """Has the check ask something else, for a tenth of a second at most."""

    def answer(ask: Callable[[], str]) -> None:
        monkeypatch.setattr(monitor, "_serving", Bounded(ask, 0.1))

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
    client: Client, answering: Callable[[Callable[[], str]], None]
) -> None:
    plan = [OperationalError("connection refused")]

    def ask() -> str:
        if plan:
            raise plan.pop()
        return "baseline"

    answering(ask)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "no_database")
    assert client.get("/readyz").json() == {"status": "ready", "model": "baseline"}


def test_nobody_waits_for_a_check_that_hangs(
    client: Client, answering: Callable[[Callable[[], str]], None], hanging: Event
) -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        hanging.wait()
        return "baseline"

    answering(ask)
    for _ in range(3):
        response = client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "no_database")
    assert len(asked) == 1, "one thread hangs, and no more"

    hanging.set()
    assert eventually(lambda: client.get("/readyz").status_code == 200, WITHIN_S)


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
