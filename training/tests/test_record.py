"""The interruption of a run that has to stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from threading import Event

import pytest

from classifier.models import RunState, TrainingRun
from classifier.registry import runs
from training import record


def ignore_first_interruption() -> None:
    with suppress(KeyboardInterrupt):
        Event().wait(10)
    Event().wait(10)


@pytest.fixture
def _ignored_interruptions() -> Iterator[None]:
    """A process that was started in the background by a shell."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.django_db
@pytest.mark.usefixtures("_ignored_interruptions")
def test_run_that_swallows_an_interruption_is_interrupted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record, "HEARTBEAT_INTERVAL_S", 0.01)
    monkeypatch.setattr(record, "INTERRUPTION_INTERVAL_S", 0.1)
    monkeypatch.setattr(os, "getppid", count().__next__)  # the parent changes
    run = runs.start_run(fine_tune=False, force=False)

    with pytest.raises(KeyboardInterrupt), record.record_run(run, print, with_parent=True):
        ignore_first_interruption()

    run = TrainingRun.objects.get()
    assert (run.state, "is gone" in run.error) == (RunState.FAILED, True)
