"""Errors of PostgreSQL that need another answer than their class in Django suggests."""

import psycopg.errors


def is_disk_full(error: BaseException) -> bool:
    """Return whether the server refused to write because its disk is full."""
    return isinstance(error.__cause__, psycopg.errors.DiskFull)


def is_read_only(error: BaseException) -> bool:
    """Return whether the server takes no writes, like a standby."""
    return isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction)
