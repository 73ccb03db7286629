"""Records a run's progress in its row, and interrupts the run when it has to stop."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.utils.translation import gettext_noop

from classifier.models import RunState, TrainingRun
from classifier.registry import runs

HEARTBEAT_INTERVAL_S = 2.0
INTERRUPTION_INTERVAL_S = 10.0  # longer than a run takes to delete its draft


class Record:
    """The row of a run.

    Lines and epochs that can't be written while the database restarts are written with later ones.
    """

    def __init__(self, run: TrainingRun, write_line: Callable[[str], None]) -> None:
        self.run = run
        self._write_line = write_line

    def set_stage(self, name: str) -> None:
        self._update(stage=name)

    def log(self, line: str) -> None:
        self.run.log += line + "\n"
        self._update(log=self.run.log)
        self._write_line(line)

    def add_epoch(self, values: dict[str, Any]) -> None:
        self.run.progress.append(values)
        self._update(progress=self.run.progress)

    def _update(self, **values: Any) -> None:
        try:
            TrainingRun.objects.filter(pk=self.run.pk).update(**values)
        except (OperationalError, InterfaceError):
            connection.close()


@contextmanager
def record_run(
    run: TrainingRun, write_line: Callable[[str], None], with_parent: bool = False
) -> Iterator[Record]:
    """Provide a record for the block, and record an error if the block raises one.

    The block itself records success. It is interrupted by SIGINT if the run is cancelled or, with
    `with_parent`, if the parent process ends.
    """
    # Shells start processes in the background with this signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    heartbeat = _Heartbeat(run.pk, os.getppid() if with_parent else None)
    heartbeat.start()
    try:
        yield Record(run, write_line)
    except BaseException as error:
        heartbeat.stop()  # or it might interrupt what follows
        state = RunState.FAILED if heartbeat.error else _choose_state(error)
        cancelled = gettext_noop("Cancelled.") if isinstance(error, KeyboardInterrupt) else ""
        message = heartbeat.error or cancelled or str(error) or repr(error)
        runs.finish_run(run.pk, state, error=message)
        raise
    else:
        heartbeat.stop()


def _choose_state(error: BaseException) -> RunState:
    if isinstance(error, runs.NoNewLabels):
        return RunState.NOTHING_NEW
    return RunState.CANCELLED if isinstance(error, KeyboardInterrupt) else RunState.FAILED


class _Heartbeat(threading.Thread):
    """Records every two seconds that the run is alive, and interrupts it when it has to stop."""

    def __init__(self, run_id: int, parent: int | None) -> None:
        super().__init__(daemon=True)
        self._run_id = run_id
        self._parent = parent
        self._stopped = threading.Event()
        self.error = ""

    def run(self) -> None:
        try:
            while not self._stopped.wait(HEARTBEAT_INTERVAL_S):
                if self._should_stop():
                    self._interrupt()
                    return
        finally:
            connection.close()

    def _interrupt(self) -> None:
        """Interrupt the main thread until the run ends, as a library may swallow the exception."""
        os.kill(os.getpid(), signal.SIGINT)
        while not self._stopped.wait(INTERRUPTION_INTERVAL_S):
            os.kill(os.getpid(), signal.SIGINT)

    def _should_stop(self) -> bool:
        if self._parent is not None and os.getppid() != self._parent:
            self.error = gettext_noop(
                "The worker that started the training is gone. Start it again."
            )
            return True
        try:
            return not runs.record_heartbeat(self._run_id)
        except (OperationalError, InterfaceError):
            connection.close()
            return False

    def stop(self) -> None:
        self._stopped.set()
        self.join()
