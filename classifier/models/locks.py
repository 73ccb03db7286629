"""Advisory locks of PostgreSQL."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper

POLL_EVERY_S = 0.1


class LockTimeout(Exception):
    """Somebody else holds the lock for too long."""


def acquire_lock(name: str) -> None:
    """Wait for the lock of this name, and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


@contextmanager
def session_lock(name: str, wait_s: float = math.inf) -> Iterator[None]:
    """Hold the lock of this name, outside transactions. Raise LockTimeout after `wait_s`.

    Polls, because a statement that waits for a lock is a transaction, and a migration that builds
    an index concurrently waits for every transaction.
    """
    deadline = time.monotonic() + wait_s
    with connection.cursor() as cursor:
        while not _try_lock(cursor, name):
            if time.monotonic() >= deadline:
                raise LockTimeout
            time.sleep(POLL_EVERY_S)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _try_lock(cursor: CursorWrapper, name: str) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
    return bool(cursor.fetchone()[0])
