"""A database that crashes under load loses nothing that was acknowledged."""

import signal
import subprocess
from itertools import cycle

import psutil

from mnistsite.database.embedded import remove_stale_pid
from mnistsite.tests.faults.site import BACK_WITHIN_S, LoadedSite, kill
from mnistsite.tests.site import is_alive, wait_until


def test_killed_database_process(site: LoadedSite) -> None:
    """PostgreSQL ends all its other processes, and recovers by its log."""
    site.suffer("PostgreSQL process killed", 20, lambda: kill(site.choose_database_process()))


def test_crashed_database(site: LoadedSite) -> None:
    """The whole server ends at once: by SIGKILL, and by SIGQUIT, its immediate shutdown."""
    signals = cycle((signal.SIGKILL, signal.SIGQUIT))
    database = site.stack.database

    def crash() -> None:
        postmaster = psutil.Process(database.get_pid())
        postmaster.send_signal(next(signals))
        assert wait_until(lambda: not is_alive(postmaster), BACK_WITHIN_S)
        assert wait_until(can_start, BACK_WITHIN_S)

    def can_start() -> bool:
        """Start the server; it refuses until the last process of the old one has ended."""
        remove_stale_pid(site.stack.folder / "postgres/postmaster.pid")
        try:
            database.ensure_postgres_running()
        except subprocess.SubprocessError:
            return False
        return True

    site.suffer("PostgreSQL crashed", 20, crash)
