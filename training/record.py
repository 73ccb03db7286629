"""What a run does, written into its row as it happens; and whether it should stop."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from classifier.models import RunState, TrainingRun
from classifier.registry import runs

BEAT_EVERY_S = 2.0


class Record:
    """One run's row. A database that restarts meanwhile costs nothing: later writes have it all."""

    def __init__(self, run: TrainingRun, say: Callable[[str], None]) -> None:
        self._run = run
        self._say = say

    @property
    def run(self) -> TrainingRun:
        return self._run

    def stage(self, name: str) -> None:
        self._write(stage=name)

    def log(self, line: str) -> None:
        self._run.log += line + "\n"
        self._write(log=self._run.log)
        self._say(line)

    def epoch(self, values: dict[str, Any]) -> None:
        self._run.progress.append(values)
        self._write(progress=self._run.progress)

    def _write(self, **values: Any) -> None:
        try:
            TrainingRun.objects.filter(pk=self._run.pk).update(**values)
        except (OperationalError, InterfaceError):
            connection.close()


@contextmanager
def kept(
    run: TrainingRun, say: Callable[[str], None], with_parent: bool = False
) -> Iterator[Record]:
    """A record for the block. However it fails, the row says so; success it records itself.

    SIGINT ends the block when the run is cancelled and, `with_parent`, when that process ends.
    """
    watch = _Watch(run.pk, os.getppid() if with_parent else None)
    watch.start()
    try:
        yield Record(run, say)
    except BaseException as error:
        state = RunState.FAILED if watch.reason else _ending(error)
        runs.finish(run.pk, state, error=watch.reason or _sentence(error))
        raise
    finally:
        watch.stop()


def _ending(error: BaseException) -> RunState:
    if isinstance(error, runs.NoNewLabels):
        return RunState.NOTHING_NEW
    return RunState.CANCELLED if isinstance(error, KeyboardInterrupt) else RunState.FAILED


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "Cancelled."
    return str(error) or repr(error)


class _Watch(threading.Thread):
    """Says every two seconds that the process lives, and interrupts it when it should not go on."""

    def __init__(self, run_id: int, parent: int | None) -> None:
        super().__init__(daemon=True)
        self._run_id = run_id
        self._parent = parent
        self._ended = threading.Event()
        self.reason = ""

    def run(self) -> None:
        try:
            while not self._ended.wait(BEAT_EVERY_S):
                if self._should_stop():
                    os.kill(os.getpid(), signal.SIGINT)
                    return
        finally:
            connection.close()

    def _should_stop(self) -> bool:
        if self._parent is not None and os.getppid() != self._parent:
            self.reason = "The worker that had started the training is gone. Start it again."
            return True
        try:
            return not runs.record_heartbeat(self._run_id)
        except (OperationalError, InterfaceError):
            connection.close()
            return False

    def stop(self) -> None:
        self._ended.set()
        self.join()
