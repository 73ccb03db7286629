"""A database that crashes under load loses nothing that was acknowledged."""

import signal
from itertools import cycle

from mnistsite.tests.faults.site import LoadedSite, kill


def test_killed_database_process_loses_nothing(site: LoadedSite) -> None:
    """PostgreSQL ends all its other processes, and recovers by its log."""
    site.cause_fault("PostgreSQL process killed", 20, lambda: kill(site.choose_database_process()))


def test_crashed_database_loses_nothing(site: LoadedSite) -> None:
    """The whole server ends at once: by SIGKILL, and by SIGQUIT, its immediate shutdown."""
    signals = cycle((signal.SIGKILL, signal.SIGQUIT))

    def crash() -> None:
        site.stop_database(next(signals))
        site.start_database()

    site.cause_fault("PostgreSQL crashed", 20, crash)
