"""Insertion of rows of several tables by one statement, in one round trip."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, LiteralString

from django.db.models import AutoField, FileField, JSONField, Model
from django.db.models.fields import Field
from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder
from psycopg.types.json import Jsonb

from classifier.models.statements import execute_prepared

Shape = tuple[tuple[type[Model], int], ...]

# Values of other fields are stored as they are. Django's own conversion takes as long as the
# recognition of a small picture.
CONVERTERS: dict[type["Field[Any, Any]"], Callable[[Any], Any]] = {FileField: str, JSONField: Jsonb}


def insert_rows(*tables: Sequence[Model], on_conflict: LiteralString = "") -> None:
    """Insert all rows or none, table by table; generated keys and times are not filled in.

    `on_conflict` is a clause for the last table.
    """
    filled = [rows for rows in tables if rows]
    if not filled:
        return
    shape = tuple((type(rows[0]), len(rows)) for rows in filled)
    statement = _build_statement(shape, on_conflict)
    values = [value for rows in filled for row in rows for value in _list_values(row)]
    execute_prepared(statement, values)


@lru_cache(maxsize=64)
def _build_statement(shape: Shape, on_conflict: LiteralString) -> bytes:
    *first, last = (_build_insert(model, count) for model, count in shape)
    last += SQL(on_conflict)
    if not first:
        return last.as_bytes()
    parts = (
        SQL("{} AS ({})").format(Identifier(f"part_{n}"), part) for n, part in enumerate(first)
    )
    return SQL("WITH {} {}").format(SQL(", ").join(parts), last).as_bytes()


def _build_insert(model: type[Model], count: int) -> Composed:
    fields = _list_fields(model)
    columns = [Identifier(str(field.column)) for field in fields]
    values: list[Composable] = [
        SQL("clock_timestamp()") if _is_creation_time(field) else Placeholder() for field in fields
    ]
    row = SQL("({})").format(SQL(", ").join(values))
    return SQL("INSERT INTO {} ({}) VALUES {}").format(
        Identifier(model._meta.db_table), SQL(", ").join(columns), SQL(", ").join([row] * count)
    )


def _list_values(row: Model) -> list[Any]:
    get_values, converters = _plan_conversion(type(row))
    values = list(get_values(vars(row)))
    for index, convert in converters:
        values[index] = convert(values[index])
    return values


@lru_cache
def _plan_conversion(
    model: type[Model],
) -> tuple[Callable[[dict[str, Any]], tuple[Any, ...]], list[tuple[int, Callable[[Any], Any]]]]:
    """Return the getter of a row's values, and the converters of some by their position."""
    fields = [field for field in _list_fields(model) if not _is_creation_time(field)]
    converters = [
        (index, CONVERTERS[type(field)])
        for index, field in enumerate(fields)
        if type(field) in CONVERTERS
    ]
    return itemgetter(*(field.attname for field in fields)), converters


@lru_cache
def _list_fields(model: type[Model]) -> list["Field[Any, Any]"]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]


def _is_creation_time(field: "Field[Any, Any]") -> bool:
    return getattr(field, "auto_now_add", False)
