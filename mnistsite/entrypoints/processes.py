"""The processes that `make run` starts, and those that a killed run has left behind."""

import fcntl
import json
import subprocess  # nosec B404
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

STOP_WITHIN_S = 15
POLL_EVERY_S = 0.1
# A process's age is known from the time of the boot, which a correction of the clock moves.
SAME_TIME_WITHIN_S = 1.0


class AlreadyRunning(Exception):
    """Another process holds the lock; the message is its description."""


@contextmanager
def exclusive(lock: Path, description: str) -> Iterator[None]:
    """Hold a lock file, which the kernel releases however the process ends.

    Raises AlreadyRunning.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(file.read()) from None
        file.truncate(0)
        file.write(description)
        file.flush()
        yield


class Children:
    """Processes by name, recorded in a file from which the next run ends what a killed one left."""

    def __init__(
        self, commands: dict[str, list[str]], environment: dict[str, str], record: Path
    ) -> None:
        self._commands = commands
        self._environment = environment
        self._record = record
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._entries: dict[str, dict[str, Any]] = {}

    def start(self, name: str) -> None:
        """Start a process in a session of its own, so that Ctrl-C reaches only its parent."""
        child = subprocess.Popen(  # noqa: S603  # nosec B603
            [sys.executable, *self._commands[name]], env=self._environment, start_new_session=True
        )
        created = psutil.Process(child.pid).create_time()
        self._running[name] = child
        self._entries[name] = {"name": name, "pid": child.pid, "created": created}
        aside = self._record.with_suffix(".part")
        aside.write_text(json.dumps([*self._entries.values()]))
        aside.replace(self._record)

    def find_ended(self) -> str | None:
        """Return the name of a process that has ended by itself."""
        return next((name for name, c in self._running.items() if c.poll() is not None), None)

    def stop(self) -> None:
        end([psutil.Process(c.pid) for c in self._running.values() if c.poll() is None])
        for child in self._running.values():
            child.wait()
        self._record.unlink(missing_ok=True)


def end_leftovers(record: Path) -> list[str]:
    """End the recorded processes that still run, and return their names."""
    left = {
        entry["name"]: process
        for entry in _read(record)
        if (process := _find(entry["pid"], entry["created"]))
    }
    end([*left.values()])
    record.unlink(missing_ok=True)
    return [*left]


def _read(record: Path) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):  # after a power cut it may be empty
        return []
    return entries


def _find(pid: int, created: float) -> psutil.Process | None:
    """Return the process, unless it has ended and its number belongs to another one."""
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - created) < SAME_TIME_WITHIN_S
    except psutil.NoSuchProcess:
        return None
    return process if is_same and _is_running(process) else None


def end(processes: list[psutil.Process]) -> None:
    """Terminate processes and wait for them and all that they started; kill what stays."""
    family = [each for process in processes for each in _family(process)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    while time.monotonic() < deadline and any(_is_running(each) for each in family):
        time.sleep(POLL_EVERY_S)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_running(process: psutil.Process) -> bool:
    """Return False also for a zombie, which stays where no parent waits for it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
