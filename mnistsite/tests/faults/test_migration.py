"""A preparation of the database that is killed can be repeated."""

import signal
import sys
from typing import Any

import psycopg

from mnistsite.tests.faults.site import BACK_WITHIN_S, LoadedSite
from mnistsite.tests.production.stack import Service
from mnistsite.tests.site import wait_until

MAX_MIGRATIONS = 12  # from one kill to the next


def query(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def count_migrations(url: str) -> int:
    (table,) = query(url, "SELECT to_regclass('django_migrations')")
    return int(query(url, "SELECT count(*) FROM django_migrations")[0]) if table else 0


def test_killed_migration_can_be_repeated(site: LoadedSite) -> None:
    """A second, empty site is prepared, and each time killed some migrations later."""
    main = site.stack.environment["DATABASE_URL"]
    query(main, "CREATE DATABASE second")
    url = main.replace("/postgres?", "/second?")
    media = str(site.stack.folder / "second")

    def prepare() -> Service:
        command = (sys.executable, "-m", "mnistsite.entrypoints.prepare")
        return site.stack.start("second", *command, DATABASE_URL=url, MEDIA_ROOT=media)

    def prepare_and_kill() -> None:
        target = count_migrations(url) + site.random.randint(1, MAX_MIGRATIONS)
        service = prepare()
        assert wait_until(
            lambda: service.process.poll() is not None or count_migrations(url) >= target,
            BACK_WITHIN_S,
        )
        service.stop(signal.SIGKILL)

    site.cause_fault("migration killed", 5, prepare_and_kill)
    last = prepare()
    assert last.process.wait(BACK_WITHIN_S) == 0, last.read_lines()
    environment = {"DATABASE_URL": url, "MEDIA_ROOT": media}
    verify = (sys.executable, "manage.py", "verify")
    verified = site.stack.start("second", *verify, **environment)
    assert verified.process.wait(BACK_WITHIN_S) == 0, verified.read_lines()
