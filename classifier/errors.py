"""Errors of the product, and the PostgreSQL errors with a response of their own."""

import psycopg.errors


class RuleBroken(Exception):
    """The request is not allowed; the message says why and what to do."""


def is_disk_full(error: BaseException) -> bool:
    """Return whether the server refused to write because its disk is full."""
    return isinstance(error.__cause__, psycopg.errors.DiskFull)


def is_read_only(error: BaseException) -> bool:
    """Return whether the server accepts no writes, like a standby."""
    return isinstance(error.__cause__, psycopg.errors.ReadOnlySqlTransaction)
