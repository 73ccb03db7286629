"""Child processes are recorded, and the next run ends those of a killed parent."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from mnistsite.entrypoints import processes
from mnistsite.entrypoints.processes import AlreadyRunning, Children, end_leftovers, lock_file
from mnistsite.tests.site import is_alive, wait_until

pytestmark = pytest.mark.slow

READY = "print('ready', flush=True)"
WAIT = f"{READY}; input()"
IGNORE_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"
WITH_CHILD = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], "
    f"stdin=subprocess.PIPE); {WAIT}"
)

Spawn = Callable[[str], psutil.Process]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "run.json"


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start processes without a waiting parent, like those of a killed run."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> psutil.Process:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return psutil.Process(process.pid)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def make_entry(process: psutil.Process, offset_s: float = 0) -> dict[str, object]:
    created = process.create_time() + offset_s
    return {"name": "the worker", "pid": process.pid, "created": created}


def test_recorded_process_is_ended_with_its_children(record: Path, spawn: Spawn) -> None:
    leftover = spawn(WITH_CHILD)
    (child,) = leftover.children()
    record.write_text(json.dumps([make_entry(leftover)]))

    assert end_leftovers(record) == ["the worker"]
    assert not is_alive(leftover)
    assert not is_alive(child)
    assert not record.exists()


def test_process_that_ignores_the_signal_is_killed(
    record: Path, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 0.2)
    leftover = spawn(IGNORE_TERM)
    record.write_text(json.dumps([make_entry(leftover)]))

    end_leftovers(record)
    psutil.wait_procs([leftover], timeout=5)
    assert not is_alive(leftover)


def test_other_process_with_the_same_pid_survives(record: Path, spawn: Spawn) -> None:
    other = spawn(WAIT)
    record.write_text(json.dumps([make_entry(other, offset_s=-60)]))

    assert end_leftovers(record) == []
    assert is_alive(other)


@pytest.mark.parametrize("content", [None, "", '[{"name": "the wor'])
def test_missing_or_damaged_record_is_ignored(content: str | None, record: Path) -> None:
    if content is not None:
        record.write_text(content)
    assert end_leftovers(record) == []
    assert not record.exists()


def test_children_are_recorded_while_they_run(record: Path) -> None:
    children = Children(dict.fromkeys(("web", "worker"), partial(time.sleep, 60)), record)
    try:
        children.start("web")
        children.start("worker")
        recorded = [psutil.Process(each["pid"]) for each in json.loads(record.read_text())]
        assert len(recorded) == 2
        assert all(is_alive(process) for process in recorded)
        assert children.find_ended() is None

        recorded[1].kill()
        assert wait_until(lambda: children.find_ended() == "worker", 5)
        children.start("worker")
        assert children.find_ended() is None
        recorded = [psutil.Process(each["pid"]) for each in json.loads(record.read_text())]
    finally:
        children.stop()
    assert not any(is_alive(process) for process in recorded)
    assert not record.exists()


def test_lock_is_refused_until_its_holder_ends(tmp_path: Path, spawn: Spawn) -> None:
    lock = tmp_path / "var/run.lock"
    hold = (
        "from pathlib import Path; from mnistsite.entrypoints.processes import lock_file\n"
        f"with lock_file(Path({str(lock)!r}), 'the first'): {WAIT}"
    )
    holder = spawn(hold)
    with pytest.raises(AlreadyRunning, match="the first"), lock_file(lock, "the second"):
        pass
    holder.kill()
    psutil.wait_procs([holder], timeout=5)
    with lock_file(lock, "the third"):
        assert lock.read_text() == "the third"
