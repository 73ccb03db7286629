"""The embedded PostgreSQL starts again after a power cut."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_django.fixtures import Settings

from mnistsite.database import embedded


@pytest.fixture
def other_process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.slow
def test_server_starts_if_another_process_has_its_old_pid(
    settings: Settings, tmp_path: Path, other_process: subprocess.Popen[bytes]
) -> None:
    settings.VAR_DIR = tmp_path
    pid_file = tmp_path / "postgres/postmaster.pid"
    server = embedded.import_pgserver().get_server(pid_file.parent)
    _, *rest = pid_file.read_text().splitlines()
    server.cleanup()
    pid_file.write_text("\n".join([str(other_process.pid), *rest]))

    host = embedded.get_socket_folder.__wrapped__()  # uncached: the tests have another server
    try:
        with psycopg.connect(host=host, user="postgres", dbname="postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert other_process.poll() is None
    finally:
        embedded.import_pgserver().get_server(pid_file.parent).cleanup()


def test_pid_of_a_killed_server_that_is_not_reaped_is_removed(tmp_path: Path) -> None:
    program = shutil.copy("/bin/true", tmp_path / "postgres")
    pid_file = tmp_path / "postmaster.pid"
    with subprocess.Popen([program]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        pid_file.write_text(f"{ended.pid}\n")
        embedded.remove_stale_pid(pid_file)

    assert not pid_file.exists()
