"""Insertion of rows of several tables by one statement, in one round trip."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.models import AutoField, Model
from django.db.models.fields import Field
from psycopg.sql import SQL, Composed, Identifier, Placeholder

Shape = tuple[tuple[type[Model], int], ...]


def insert_rows(*tables: Sequence[Model]) -> None:
    """Insert all rows or none, table by table; generated keys are not filled in."""
    filled = [rows for rows in tables if rows]
    statement = _build_statement(tuple((type(rows[0]), len(rows)) for rows in filled))
    values = [value for rows in filled for row in rows for value in _list_values(row)]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with (
        transaction.mark_for_rollback_on_error(connection.alias),
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        cursor.execute(statement, values, prepare=True)


@lru_cache(maxsize=64)
def _build_statement(shape: Shape) -> bytes:
    *first, last = (_build_insert(model, count) for model, count in shape)
    if not first:
        return last.as_bytes()
    parts = (
        SQL("{} AS ({})").format(Identifier(f"part_{n}"), part) for n, part in enumerate(first)
    )
    return SQL("WITH {} {}").format(SQL(", ").join(parts), last).as_bytes()


def _build_insert(model: type[Model], count: int) -> Composed:
    columns = [Identifier(str(field.column)) for field in _list_fields(model)]
    row = SQL("({})").format(SQL(", ").join([Placeholder()] * len(columns)))
    return SQL("INSERT INTO {} ({}) VALUES {}").format(
        Identifier(model._meta.db_table), SQL(", ").join(columns), SQL(", ").join([row] * count)
    )


@lru_cache
def _list_fields(model: type[Model]) -> list["Field[Any, Any]"]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]


def _list_values(row: Model) -> list[Any]:
    return [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for field in _list_fields(type(row))
    ]
