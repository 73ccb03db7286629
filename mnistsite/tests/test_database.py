"""Connecting is patient, and clear about it in the end."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from mnistsite.database import base

CLOSED_PORT = 9  # nobody listens on "discard"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr("mnistsite.database.base.time.sleep", taken.append)
    return taken


def wrapper(**changes: object) -> base.DatabaseWrapper:
    return base.DatabaseWrapper({**connections["default"].settings_dict, **changes}, "other")


def test_connecting_is_tried_five_times_with_growing_pauses_and_then_explained(
    pauses: list[float],
) -> None:
    unreachable = wrapper(HOST="127.0.0.1", PORT=CLOSED_PORT)
    with pytest.raises(psycopg.OperationalError) as error:
        unreachable.connect()
    assert pauses == [0.2, 0.4, 0.8, 1.6]
    assert "No connection to PostgreSQL at 127.0.0.1 after 5 tries" in str(error.value)
    assert "is DATABASE_URL right?" in str(error.value)


@pytest.mark.django_db
def test_a_database_that_comes_up_late_is_connected_to(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = psycopg.connect, []

    def late(*arguments: object, **options: object) -> object:
        tries.append(1)
        if len(tries) < 3:
            raise psycopg.OperationalError("the database system is starting up")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(psycopg, "connect", late)
    other = wrapper()
    other.connect()
    other.close()
    assert pauses == [0.2, 0.4]


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
