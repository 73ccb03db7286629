"""Dump and load every table by COPY, which needs no program and fits each version of PostgreSQL."""

import gzip
from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.sql import SQL, Composed, Identifier

from classifier.backups.manifest import BackupError, Table
from classifier.recognition.model_folder import hash_file

MIGRATIONS = "django_migrations"
COMPRESSION = 3
CHUNK_BYTES = 1024 * 1024
LIST_COLUMNS = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
        AND c.relpersistence = 'p'
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname ORDER BY c.relname
"""
LIST_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""


def dump_tables(folder: Path) -> list[Table]:
    """Write all tables but that of the migrations; the caller's transaction is the snapshot."""
    folder.mkdir()
    with connection.cursor() as cursor:
        columns = _list_columns(cursor)
        return [_dump_table(cursor, folder, name, columns[name]) for name in columns]


def _list_columns(cursor: CursorWrapper) -> dict[str, list[str]]:
    cursor.execute(LIST_COLUMNS)
    return {name: columns for name, columns in cursor.fetchall() if name != MIGRATIONS}


def _dump_table(cursor: CursorWrapper, folder: Path, name: str, columns: list[str]) -> Table:
    path = _get_path(folder, name)
    statement = SQL("COPY {} TO STDOUT").format(_name_columns(name, columns))
    with gzip.open(path, "wb", COMPRESSION) as file, cursor.copy(statement) as copy:
        file.writelines(copy)
    return Table(name, columns, cursor.rowcount, hash_file(path))


def read_sequences() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(LIST_SEQUENCES)
        return dict(cursor.fetchall())


def check_tables(folder: Path, tables: list[Table]) -> None:
    """Compare the files with their checksums. Raise BackupError."""
    for table in tables:
        path = _get_path(folder, table.name)
        if not path.exists() or hash_file(path) != table.sha256:
            raise BackupError(f"{path} is missing or damaged. Use another backup.")


def load_tables(folder: Path, tables: list[Table], sequences: dict[str, int]) -> None:
    """Replace the rows of all tables, in the caller's transaction, and check all foreign keys.

    Triggers are off meanwhile: they would enqueue jobs again and refuse to empty the histories.
    """
    names = [Identifier(table.name) for table in tables]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        cursor.execute(SQL("TRUNCATE {}").format(SQL(", ").join(names)))
        for table in _sort_by_references(cursor, tables):
            _load_table(cursor, folder, table)
        for sequence, value in sequences.items():
            cursor.execute("SELECT setval(quote_ident(%s)::regclass, %s)", [sequence, value])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for name in names:
            cursor.execute(SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))


def analyze_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _sort_by_references(cursor: CursorWrapper, tables: list[Table]) -> list[Table]:
    """Sort tables after those that they refer to by keys that are checked with each statement."""
    cursor.execute(
        "SELECT c.relname, f.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
        "JOIN pg_class f ON f.oid = k.confrelid "
        "WHERE k.contype = 'f' AND NOT k.condeferrable AND c.oid <> f.oid"
    )
    pairs = cursor.fetchall()
    by_name, ordered = {table.name: table for table in tables}, dict[str, Table]()

    def add(name: str) -> None:
        for _, target in (pair for pair in pairs if pair[0] == name):
            add(target)
        ordered.setdefault(name, by_name[name])

    for name in by_name:
        add(name)
    return [*ordered.values()]


def _load_table(cursor: CursorWrapper, folder: Path, table: Table) -> None:
    statement = SQL("COPY {} FROM STDIN").format(_name_columns(table.name, table.columns))
    with gzip.open(_get_path(folder, table.name), "rb") as file, cursor.copy(statement) as copy:
        while chunk := file.read(CHUNK_BYTES):
            copy.write(chunk)
    if cursor.rowcount != table.rows:
        raise BackupError(f"Table {table.name} has {cursor.rowcount} rows instead of {table.rows}.")


def _name_columns(table: str, columns: list[str]) -> Composed:
    names = SQL(", ").join(map(Identifier, columns))
    return SQL("{} ({})").format(Identifier(table), names)


def _get_path(folder: Path, table: str) -> Path:
    return folder / f"{table}.copy.gz"
