"""Weights & Biases: offline unless configured, nothing at all where it is not installed."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol


class Tracker(Protocol):
    def log(self, values: dict[str, Any]) -> None: ...


class NoTracker:
    def log(self, values: dict[str, Any]) -> None:
        """Nobody listens."""


def mode() -> Any:
    """`WANDB_MODE` decides; a key alone means online; else everything stays on this machine.

    wandb itself refuses a wrong one, by name.
    """
    return os.environ.get("WANDB_MODE") or (
        "online" if os.environ.get("WANDB_API_KEY") else "offline"
    )


@contextmanager
def tracked(
    name: str, configuration: dict[str, Any], folder: Path, announce: Callable[[str], None]
) -> Iterator[Tracker]:
    """A tracker for the run, which `announce` is given the place of.

    If the block raises, the run is recorded as failed. `folder` is for what stays on this machine;
    where it can't be written, the run goes untracked.
    """
    if find_spec("wandb") is None or mode() == "disabled":
        yield NoTracker()
        return
    if not _is_writable(folder):
        announce(f"Not tracked: {folder} can't be written. Set WANDB_DIR to another folder.")
        yield NoTracker()
        return
    run = _start(name, configuration, folder)
    announce(_describe(run))
    # As a context manager the run would print a stack trace of whatever ends it, Ctrl-C too.
    try:
        yield run
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


def _start(name: str, configuration: dict[str, Any], folder: Path) -> Any:
    # wandb reports its own errors over the network, from offline runs too.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    import wandb

    return wandb.init(
        project="mnistsite",
        name=name,
        config=configuration,
        dir=folder,
        mode=mode(),
        settings=wandb.Settings(silent=True, console="off"),
    )


def _describe(run: Any) -> str:
    if not run.offline:
        return f"Tracked at {run.url}"
    folder = run.settings.sync_dir
    command = [str(Path(sys.executable).with_name("wandb")), "sync", folder]
    return f"Tracked offline in {folder}\nTo upload it: {shlex.join(command)}"
