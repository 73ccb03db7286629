"""Prepare the site: tables, storage of uploads, a first model and a first account."""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from classifier.recognition.model_folder import ArtifactError
from classifier.uploads.storage import NoStorage
from mnistsite import env
from mnistsite.database import server

USERNAME = "admin"
LOCK = "prepare"
FAILURES = (ArtifactError, ImproperlyConfigured, OperationalError, NoStorage)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mnistsite.settings")
    server.wait_at_start()
    try:
        django.setup()
        prepare()
        if message := create_first_account():
            print_text(message)
    except FAILURES as error:
        sys.stderr.write(f"Can't prepare the site: {error}\n")
        return 1
    return 0


def prepare() -> None:
    """Prepare everything but the account. Several hosts may call this at once and repeatedly."""
    from classifier.models.locks import session_lock
    from classifier.monitoring import audit_log
    from classifier.registry import versions
    from classifier.uploads import media_store

    with timed_step("Database"):
        connection.ensure_connection()
    with session_lock(LOCK):
        with timed_step("Migrations"):
            if has_unapplied_migrations():
                call_command("migrate", verbosity=0)
        with timed_step("Media"):
            media_store.set_up_folder()
        with timed_step("Model"):
            versions.promote_bundled_model()
        audit_log.record_settings(env.settings)


def has_unapplied_migrations() -> bool:
    """Compare the names of the migrations' files with the database, without importing them."""
    files = {
        (app.label, file.stem)
        for app in apps.get_app_configs()
        for file in Path(app.path, "migrations").glob("[!_]*.py")
    }
    return not files <= MigrationRecorder(connection).applied_migrations().keys()


@contextmanager
def timed_step(name: str) -> Iterator[None]:
    """Print a step's name, and how long it took."""
    print_text(f"{name} … ", end="")
    started_at = time.monotonic()
    yield
    print_text(f"{time.monotonic() - started_at:.1f} s")


def print_text(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def create_first_account() -> str:
    """Create the first staff account unless there is one; return how to log in with it, or ""."""
    from django.contrib.auth.models import User

    from classifier.models.locks import session_lock

    with session_lock(LOCK):
        if User.objects.filter(is_staff=True).exists():
            return ""
        password, source = env.secret("ADMIN_PASSWORD"), "the password from ADMIN_PASSWORD"
        if file := env.string("ADMIN_PASSWORD_FILE"):
            source = f"the password in {file}"
        if not password:
            password = secrets.token_urlsafe(12)
            source = f"password {password} (shown once)"
        User.objects.create_superuser(USERNAME, password=password)
        return f"First staff account: {USERNAME}, {source}"


if __name__ == "__main__":
    sys.exit(main())
