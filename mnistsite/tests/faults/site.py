"""A site under load, and what each fault costs it."""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psutil
import psycopg

from mnistsite.database.embedded import remove_stale_pid
from mnistsite.tests.faults.load import Load
from mnistsite.tests.faults.losses import find_losses, verify
from mnistsite.tests.production.conftest import Production
from mnistsite.tests.production.requests import is_ready
from mnistsite.tests.production.stack import Service, Stack
from mnistsite.tests.site import is_alive, wait_until
from mnistsite.tests.table import Table

BACK_WITHIN_S = 90
MAX_SECONDS = 45  # of one kind of fault, times the scale
# "5xx" counts the answers from 500 without Retry-After, "refused" all but 200.
COLUMNS = ("fault", "count", "acknowledged", "lost", "no file", "twice", "5xx", "refused")
FINALLY = 10  # uploads after the last fault


@dataclass
class LoadedSite:
    """The production stack, its clients, and the table of results."""

    production: Production
    load: Load
    table: Table
    scale: float
    random: Random

    @property
    def stack(self) -> Stack:
        return self.production.stack

    def cause_fault(self, fault: str, count: int, act: Callable[[], object]) -> None:
        """Cause a fault `count` times the scale under load, or until the time is up.

        Then check that nothing that was acknowledged is lost, now or by an earlier fault.
        """
        load, caused = self.load, 0
        acknowledged, errors, answers = load.count_acknowledged(), load.errors, load.answers.copy()
        deadline = time.monotonic() + MAX_SECONDS * self.scale
        with load.send():
            while caused < count * self.scale and time.monotonic() < deadline:
                self.wait_for_uploads(1)
                act()
                caused += 1
            self.wait_for_uploads(FINALLY)
        assert wait_until(self.is_ready, BACK_WITHIN_S)
        losses = find_losses(load, self.stack)
        figures = (losses.lost, losses.without_file, losses.twice, load.errors - errors)
        refused = ", ".join(f"{n} × {name}" for name, n in sorted((load.answers - answers).items()))
        self.table.add(fault, caused, load.count_acknowledged() - acknowledged, *figures, refused)
        assert figures == (0, 0, 0, 0)
        assert verify(self.stack) == "Everything is whole.\n"

    def wait_for_uploads(self, count: int) -> None:
        """Wait until that many more uploads are acknowledged."""
        target = self.load.count_acknowledged() + count
        assert wait_until(lambda: self.load.count_acknowledged() >= target, BACK_WITHIN_S)

    def is_ready(self) -> bool:
        return is_ready(self.production.port)

    def stop_database(self, number: int) -> None:
        postmaster = psutil.Process(self.stack.database.get_pid())
        postmaster.send_signal(number)
        assert wait_until(lambda: not is_alive(postmaster), BACK_WITHIN_S)

    def start_database(self) -> None:
        """Start the server if it has ended; it refuses until its last process has ended."""
        assert wait_until(self._try_to_start_database, BACK_WITHIN_S)

    def _try_to_start_database(self) -> bool:
        remove_stale_pid(self.stack.folder / "postgres/postmaster.pid")
        try:
            self.stack.database.ensure_postgres_running()
        except subprocess.SubprocessError:
            return False
        return True

    def fill_log_segment(self) -> None:
        """Let the server fill its log as fast as hours of load would."""
        with (
            suppress(psycopg.Error),
            psycopg.connect(self.stack.environment["DATABASE_URL"], autocommit=True) as server,
        ):
            server.execute("SELECT pg_switch_wal()")

    def choose_child(self, service: Service) -> psutil.Process:
        return self.random.choice(wait_for_children(psutil.Process(service.process.pid)))

    def choose_web_process(self) -> psutil.Process:
        return self.choose_child(self.production.replicas[self.choose_replica()])

    def choose_replica(self) -> str:
        return self.random.choice([*self.production.replicas])

    def choose_database_process(self) -> psutil.Process:
        """Choose any process but the one that recovers: without it, PostgreSQL ends."""
        postmaster = psutil.Process(self.stack.database.get_pid())
        while is_recovering(process := self.random.choice(wait_for_children(postmaster))):
            pass
        return process


def is_recovering(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return "startup" in " ".join(process.cmdline())
    return False


def wait_for_children(process: psutil.Process) -> list[psutil.Process]:
    assert wait_until(lambda: bool(process.children()), BACK_WITHIN_S)
    children: list[psutil.Process] = process.children()
    return children


def kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()
