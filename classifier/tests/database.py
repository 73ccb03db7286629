"""The test databases, copied from one migrated template."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from psycopg.sql import SQL, Identifier

TEMPLATE = "mnistsite_template"
LOCK = 0x74657374  # "test"
JOB_TABLES = ("procrastinate_jobs", "procrastinate_workers")
CONNECTION_KEYS = ("host", "port", "user", "password")


def prepare_template() -> None:
    """Create the migrated database that the others are copied from, unless it is up to date."""
    with open_server_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        configure_server(cursor)
        digest = hash_migrations()
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [TEMPLATE],
        )
        if cursor.fetchone() != (digest,):
            cursor.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
            cursor.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
            migrate_template()
            cursor.execute(f"COMMENT ON DATABASE {TEMPLATE} IS '{digest}'")


@contextmanager
def open_server_cursor() -> Iterator[CursorWrapper]:
    """Open a cursor of the maintenance database, for statements about databases."""
    with connection._nodb_cursor() as cursor:
        yield cursor


def configure_server(cursor: CursorWrapper) -> None:
    """Switch off durability, compilation and cleaning on the tests' own server."""
    if connection.settings_dict["HOST"] or "host" in connection.settings_dict["OPTIONS"]:
        return  # somebody else's server
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "jit", "autovacuum"):
        cursor.execute(f"ALTER SYSTEM SET {setting} = off")
    cursor.execute("SELECT pg_reload_conf()")


def hash_migrations() -> str:
    migrations = MigrationLoader(None).disk_migrations
    files = {str(sys.modules[migration.__module__].__file__) for migration in migrations.values()}
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in sorted(files))).hexdigest()


def migrate_template() -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = TEMPLATE
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name


def delete_rows(_: TransactionTestCase) -> None:
    """Delete all rows but those that migrating leaves: content types, permissions and roles.

    A flush truncates every table, which takes longer than deleting a few rows, and creates
    those again. Django does not manage the tables of the job queue and would not flush them.
    """
    models = (ContentType, Permission, Group, Group.permissions.through)
    migrated = {model._meta.db_table for model in models} | {"django_migrations"}
    names = connection.introspection.django_table_names()
    tables = [*JOB_TABLES, *(name for name in names if name not in migrated)]
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys wait for its end
        cursor.execute(SQL(";").join(SQL("DELETE FROM {}").format(Identifier(t)) for t in tables))


def execute_without_triggers(statement: str, *values: Any) -> None:
    """Change rows like somebody with access to the database, or a broken disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def count_queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def get_database_url() -> str:
    """Return the address of the current test database."""
    parameters: dict[str, Any] = {**connection.get_connection_params()}
    parts = {key: str(parameters[key]) for key in CONNECTION_KEYS if key in parameters}
    return f"postgresql:///{parameters['dbname']}?{urlencode(parts)}"


def count_waiting_connections() -> int:
    """Return how many connections to the current test database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction keeps its first one
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def wait_for_lock(other: Future[Any]) -> None:
    """Return when the other thread waits for a lock or is done."""
    while not other.done() and not count_waiting_connections():
        pass
