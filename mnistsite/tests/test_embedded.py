"""The embedded PostgreSQL, started again after its machine went down."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_django.fixtures import Settings

from mnistsite.database import embedded


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with PostgreSQL."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_server_starts_although_another_process_has_its_old_pid(
    settings: Settings, tmp_path: Path, other: subprocess.Popen[bytes]
) -> None:
    settings.VAR_DIR = tmp_path
    pid_file = tmp_path / "postgres/postmaster.pid"
    server = embedded.wheel().get_server(pid_file.parent)
    _, *rest = pid_file.read_text().splitlines()
    server.cleanup()
    pid_file.write_text("\n".join([str(other.pid), *rest]))

    host = embedded.socket_folder.__wrapped__()  # uncached: the tests have another server
    try:
        with psycopg.connect(host=host, user="postgres", dbname="postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert other.poll() is None
    finally:
        embedded.wheel().get_server(pid_file.parent).cleanup()
