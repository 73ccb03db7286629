"""Tracks runs with Weights & Biases, if it is installed; offline unless configured."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Log = Callable[[dict[str, Any]], None]


def choose_mode() -> Any:
    """Return WANDB_MODE or, if it is empty, "online" with an API key and "offline" without."""
    return os.environ.get("WANDB_MODE") or (
        "online" if os.environ.get("WANDB_API_KEY") else "offline"
    )


@contextmanager
def track_run(
    name: str, configuration: dict[str, Any], folder: Path, announce: Callable[[str], None]
) -> Iterator[Log]:
    """Provide a function that tracks values, and `announce` where to find them.

    If the block raises, the run is tracked as failed. Offline runs are written to `folder`; if it
    is not writable, nothing is tracked.
    """
    if find_spec("wandb") is None or choose_mode() == "disabled":
        yield lambda _: None
        return
    if not _is_writable(folder):
        announce(f"Not tracked: {folder} can't be written. Set WANDB_DIR to another folder.")
        yield lambda _: None
        return
    run = _start_run(name, configuration, folder)
    announce(_describe(run))
    # As a context manager, the run would print a stack trace even after Ctrl-C.
    try:
        yield run.log
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _start_run(name: str, configuration: dict[str, Any], folder: Path) -> Any:
    # wandb reports its own errors over the network, even from offline runs.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    import wandb

    return wandb.init(
        project="mnistsite",
        name=name,
        config=configuration,
        dir=folder,
        mode=choose_mode(),
        settings=wandb.Settings(silent=True, console="off"),
    )


def _describe(run: Any) -> str:
    if not run.offline:
        return f"Tracked at {run.url}"
    folder = run.settings.sync_dir
    command = [str(Path(sys.executable).with_name("wandb")), "sync", folder]
    return f"Tracked offline in {folder}\nTo upload it: {shlex.join(command)}"
