"""Prepare the site: tables, the folder of uploads, a first model and account."""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

from classifier.recognition.model_folder import ArtifactError
from classifier.uploads.storage import NoStorage
from mnistsite import env
from mnistsite.database import server

ADMIN = "admin"
LOCK = 0x6D6E697374  # "mnist"
PAUSE_S = 0.5
FAILURES = (ArtifactError, ImproperlyConfigured, OperationalError, NoStorage)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    server.wait_at_start()
    try:
        django.setup()
        prepare()
        if account := create_first_account():
            say(account)
    except FAILURES as error:
        sys.stderr.write(f"The site can't be prepared: {error}\n")
        return 1
    return 0


def prepare() -> None:
    """May be called by several hosts at once, and as often as one likes."""
    from classifier.registry import versions
    from classifier.uploads import media_store

    with step("Database"):
        connection.ensure_connection()
    with one_at_a_time():
        with step("Migrations"):
            call_command("migrate", verbosity=0)
        with step("Media"):
            media_store.set_up_folder()
        with step("Model"):
            versions.promote_bundled()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Asks again instead of waiting inside PostgreSQL, where a migration that builds an index
    concurrently would in turn wait for who waits."""
    with connection.cursor() as cursor:
        while not _locked(cursor):
            time.sleep(PAUSE_S)
        yield  # where it raises, the process ends, and its lock with it
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _locked(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    return bool(cursor.fetchone()[0])


@contextmanager
def step(name: str) -> Iterator[None]:
    say(f"{name} … ", end="")
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.1f} s")


def say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def create_first_account() -> str:
    """Create the first staff account unless there is one; return how to log in as it."""
    from django.contrib.auth.models import User

    with one_at_a_time():
        if User.objects.filter(is_staff=True).exists():
            return ""
        given = env.secret("ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        User.objects.create_superuser(ADMIN, password=password)
        return f"First staff account: {ADMIN}, {_shown(password, bool(given))}"


def _shown(password: str, given: bool) -> str:
    if file := env.string("ADMIN_PASSWORD_FILE"):
        return f"the password in {file}"
    return "the password from ADMIN_PASSWORD" if given else f"password {password} (shown once)"


if __name__ == "__main__":
    sys.exit(main())
