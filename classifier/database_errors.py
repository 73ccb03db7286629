"""Errors of PostgreSQL that need another answer than their class in Django suggests."""

import psycopg.errors


def is_disk_full(error: BaseException) -> bool:
    """Whether the server refused to write because its disk is full."""
    return isinstance(error.__cause__, psycopg.errors.DiskFull)


def is_read_only(error: BaseException) -> bool:
    """Whether the server takes no writes, as a standby does."""
    return isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction)
