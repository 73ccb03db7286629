"""Statements that are executed so often that Django's own way would cost too much."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection, transaction


def execute_prepared(
    statement: bytes, values: Sequence[Any] | Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Execute a statement that PostgreSQL parses once a connection, and return its rows.

    Raise Django's errors.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with (
        transaction.mark_for_rollback_on_error(connection.alias),
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall() if cursor.description else []
