"""Weights & Biases: offline unless configured, nothing at all where it is not installed."""

import os
from collections.abc import Iterator
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
def tracked(name: str, configuration: dict[str, Any], folder: Path) -> Iterator[Tracker]:
    """A tracker for the run; if the block raises, the run is recorded as failed."""
    if find_spec("wandb") is None or mode() == "disabled":
        yield NoTracker()
        return
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    run = wandb.init(
        project="mnistsite",
        name=name,
        config=configuration,
        dir=folder,
        mode=mode(),
        settings=wandb.Settings(silent=True, console="off"),
    )
    # As a context manager the run would print a stack trace of whatever ends it, Ctrl-C too.
    try:
        yield run
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()
