"""Compare what clients were promised with what a site has stored."""

from dataclasses import dataclass
from hashlib import sha256

import psycopg

from mnistsite.tests.faults.load import Load
from mnistsite.tests.production.stack import Stack


@dataclass(frozen=True)
class Losses:
    """Acknowledged uploads without a row, rows without a whole file, and keys that stored twice."""

    lost: int
    without_file: int
    twice: int


def find_losses(load: Load, stack: Stack) -> Losses:
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT id::text, file, size, sha256 FROM uploads").fetchall()
        [(records,)] = connection.execute("SELECT count(*) FROM kept_answers").fetchall()
    files = {
        str(path.relative_to(stack.folder / "media")): path.stat().st_size
        for path in (stack.folder / "media/uploads").glob("??/*")
    }
    keyed = sha256(load.keyed_picture).hexdigest()
    return Losses(
        len(load.acknowledged - {row[0] for row in rows}),
        sum(files.get(row[1]) != row[2] for row in rows),
        sum(row[3] == keyed for row in rows) - records + len(load.changed),
    )


def verify(stack: Stack) -> str:
    """Return what `manage.py verify` prints."""
    completed = stack.run("manage.py", "verify", "--pictures", "20")
    return completed.stdout + completed.stderr
