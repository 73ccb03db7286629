"""Processes that are recorded and, after a kill of their parent, ended by the next run."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mnistsite.entrypoints import processes
from mnistsite.entrypoints.processes import AlreadyRunning, Children, end_leftovers, exclusive
from mnistsite.tests.stack import lives

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
    """Start processes that nobody waits for, as those of a killed parent."""
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


def entry(process: psutil.Process, later_s: float = 0) -> dict[str, object]:
    created = process.create_time() + later_s
    return {"name": "the worker", "pid": process.pid, "created": created}


def test_recorded_process_is_ended_with_what_it_started(record: Path, spawn: Spawn) -> None:
    left = spawn(WITH_CHILD)
    (child,) = left.children()
    record.write_text(json.dumps([entry(left)]))

    assert end_leftovers(record) == ["the worker"]
    assert not lives(left)
    assert not lives(child)
    assert not record.exists()


def test_process_that_ignores_the_signal_is_killed(
    record: Path, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 0.2)
    left = spawn(IGNORE_TERM)
    record.write_text(json.dumps([entry(left)]))

    end_leftovers(record)
    psutil.wait_procs([left], timeout=5)
    assert not lives(left)


def test_other_process_with_a_reused_number_is_left_alone(record: Path, spawn: Spawn) -> None:
    other = spawn(WAIT)
    record.write_text(json.dumps([entry(other, later_s=-60)]))

    assert end_leftovers(record) == []
    assert lives(other)


@pytest.mark.parametrize("content", [None, "", '[{"name": "the wor'])
def test_missing_or_damaged_record_names_nothing(content: str | None, record: Path) -> None:
    if content is not None:
        record.write_text(content)
    assert end_leftovers(record) == []
    assert not record.exists()


def test_children_are_recorded_while_they_run(record: Path) -> None:
    commands = {name: ["-c", "import time; time.sleep(60)"] for name in ("web", "worker")}
    children = Children(commands, {}, record)
    try:
        children.start("web")
        children.start("worker")
        recorded = [psutil.Process(each["pid"]) for each in json.loads(record.read_text())]
        assert len(recorded) == 2
        assert all(lives(process) for process in recorded)
        assert children.find_ended() is None

        recorded[1].kill()
        recorded[1].wait()
        assert children.find_ended() == "worker"
        children.start("worker")
        assert children.find_ended() is None
        recorded = [psutil.Process(each["pid"]) for each in json.loads(record.read_text())]
    finally:
        children.stop()
    assert not any(lives(process) for process in recorded)
    assert not record.exists()


def test_lock_is_refused_to_others_until_its_holder_ends(tmp_path: Path, spawn: Spawn) -> None:
    lock = tmp_path / "var/run.lock"
    hold = (
        "from pathlib import Path; from mnistsite.entrypoints.processes import exclusive\n"
        f"with exclusive(Path({str(lock)!r}), 'the first'): {WAIT}"
    )
    holder = spawn(hold)
    with pytest.raises(AlreadyRunning, match="the first"), exclusive(lock, "the second"):
        pass
    holder.kill()
    psutil.wait_procs([holder], timeout=5)
    with exclusive(lock, "the third"):
        assert lock.read_text() == "the third"
