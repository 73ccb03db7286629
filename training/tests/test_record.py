"""The interruption of a run that has to stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from threading import Event

import pytest
from django.db import connection

from classifier.models import RunState, TrainingRun
from classifier.registry import runs
from training import record

pytestmark = pytest.mark.django_db(transaction=True)


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


def replace_interruption() -> None:
    try:
        Event().wait(10)
    except KeyboardInterrupt as error:
        raise OSError("a library's own exception") from error


def interrupt_query() -> None:
    connection.connection.pgconn.send_query(b"SELECT 1")  # its result is not fetched
    raise KeyboardInterrupt


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


def test_run_whose_interruption_becomes_another_error_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record, "HEARTBEAT_INTERVAL_S", 0.01)
    monkeypatch.setattr(runs, "record_heartbeat", lambda _run: False)  # it has been cancelled
    run = runs.start_run(fine_tune=False, force=False)

    with pytest.raises(KeyboardInterrupt), record.record_run(run, print):
        replace_interruption()

    run = TrainingRun.objects.get()
    assert (run.state, run.error) == (RunState.CANCELLED, "Cancelled.")


def test_run_that_is_interrupted_within_a_query_is_cancelled() -> None:
    run = runs.start_run(fine_tune=False, force=False)

    with pytest.raises(KeyboardInterrupt), record.record_run(run, print):
        interrupt_query()

    assert TrainingRun.objects.get().state == RunState.CANCELLED
