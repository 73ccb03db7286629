"""Start, watch and stop the processes of `make run`, also those of a run that was killed."""

import fcntl
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from classifier.recognition.durable_files import replace_file

FORK = multiprocessing.get_context("fork")
# Includes SIGINT, because a shell script starts background commands with Ctrl-C ignored.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_WITHIN_S = 15
POLL_EVERY_S = 0.1
# psutil derives start times from the boot time, which moves when the clock is corrected.
START_TIME_TOLERANCE_S = 1.0


class AlreadyRunning(Exception):
    """Another process holds the lock; the message is its description."""


@contextmanager
def lock_file(path: Path, description: str) -> Iterator[None]:
    """Hold a lock file, which the kernel releases even if the process is killed.

    Raise AlreadyRunning if another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # children do not inherit it
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(file.read()) from None
        file.truncate(0)
        file.write(description)
        file.flush()
        yield


class Children:
    """Child processes by name, recorded in a file so that the next run can end leftovers."""

    def __init__(self, tasks: Mapping[str, Callable[[], None]], record: Path) -> None:
        self._tasks = tasks
        self._record = record
        self._running: dict[str, BaseProcess] = {}
        self._entries: dict[str, dict[str, Any]] = {}

    def start(self, name: str) -> None:
        """Fork a process that runs the task of this name."""
        child = FORK.Process(target=_run_child, args=(self._tasks[name],))
        child.start()
        created = psutil.Process(child.pid).create_time()
        self._running[name] = child
        self._entries[name] = {"name": name, "pid": child.pid, "created": created}
        replace_file(self._record, json.dumps([*self._entries.values()]))

    def find_ended(self) -> str | None:
        """Return the name of a process that has ended."""
        return next((name for name, c in self._running.items() if not c.is_alive()), None)

    def stop(self) -> None:
        end_processes([psutil.Process(c.pid) for c in self._running.values() if c.is_alive()])
        for child in self._running.values():
            child.join()
        self._record.unlink(missing_ok=True)


def _run_child(task: Callable[[], None]) -> None:
    os.setsid()  # Ctrl-C reaches only the parent
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    task()


def end_leftovers(record: Path) -> list[str]:
    """End the recorded processes that still run, and return their names."""
    leftovers = {
        entry["name"]: process
        for entry in _read_entries(record)
        if (process := _find_process(entry["pid"], entry["created"]))
    }
    end_processes([*leftovers.values()])
    record.unlink(missing_ok=True)
    return [*leftovers]


def _read_entries(record: Path) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return []
    return entries


def _find_process(pid: int, created: float) -> psutil.Process | None:
    """Return the process, or None if it has ended, even if another one has its pid now."""
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - created) < START_TIME_TOLERANCE_S
    except psutil.NoSuchProcess:
        return None
    return process if is_same and _is_running(process) else None


def end_processes(processes: list[psutil.Process]) -> None:
    """Terminate processes, wait for them and their descendants, and kill those that remain."""
    tree = list(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            tree += process.children(recursive=True)
            process.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    while time.monotonic() < deadline and any(_is_running(process) for process in tree):
        time.sleep(POLL_EVERY_S)
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _is_running(process: psutil.Process) -> bool:
    """Return True unless the process has ended; a zombie without a waiting parent has ended."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
