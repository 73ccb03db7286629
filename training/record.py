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
        was_interrupted = heartbeat.has_interrupted or isinstance(error, KeyboardInterrupt)
        if not connection.is_usable():
            connection.close()  # an interrupted query leaves it in use
        state, message = _describe_end(error, heartbeat.error, was_interrupted)
        runs.finish_run(run.pk, state, error=message)
        if was_interrupted:
            raise KeyboardInterrupt from error
        raise
    else:
        heartbeat.stop()


def _describe_end(
    error: BaseException, heartbeat_error: str, was_interrupted: bool
) -> tuple[RunState, str]:
    """Return the state and the error of a run that ends with this exception."""
    if heartbeat_error:
        return RunState.FAILED, heartbeat_error
    if was_interrupted:  # some libraries then raise an exception of their own
        return RunState.CANCELLED, gettext_noop("Cancelled.")
    state = RunState.NOTHING_NEW if isinstance(error, runs.NoNewLabels) else RunState.FAILED
    return state, str(error) or repr(error)


class _Heartbeat(threading.Thread):
    """Records every two seconds that the run is alive, and interrupts it when it has to stop."""

    def __init__(self, run_id: int, parent: int | None) -> None:
        super().__init__(daemon=True)
        self._run_id = run_id
        self._parent = parent
        self._stopped = threading.Event()
        self.error = ""
        self.has_interrupted = False

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
        self.has_interrupted = True
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
