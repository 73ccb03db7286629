"""Training runs: one at a time, asked for by a person, carried out by the worker."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier.errors import RuleBroken
from classifier.models import (
    UNFINISHED,
    InputImage,
    ModelVersion,
    RunState,
    TrainingRun,
)
from classifier.monitoring.request_id import get_job_arguments
from classifier.recognition.labels import Label
from classifier.registry import versions

TASK = "training.tasks.train"
LOST_AFTER = timedelta(seconds=30)
LOST = (
    "The process that trained was killed, or its machine is gone. Nothing of its model is left. "
    "Start the training again."
)


class NoNewLabels(RuleBroken):
    """There is no label that the champion has not learnt from."""


class AlreadyTraining(RuleBroken):
    """One run is not finished, and there is one at a time."""


class RunFinished(RuleBroken):
    """There is nothing left to cancel."""


def count_new_labels(champion: ModelVersion) -> int:
    """How many labels have been set since the champion's data were read; some will be held out."""
    labelled = InputImage.objects.uploaded().exclude(label=Label.UNKNOWN)
    return labelled.filter(labelled_at__gt=_read_at(champion)).count()


def _read_at(version: ModelVersion) -> datetime:
    # By its key: a whole snapshot names every upload that was learnt.
    found = ModelVersion.objects.values_list("snapshot__read_at", flat=True).get(pk=version.pk)
    return parse_datetime(found or "") or version.created_at


@dataclass(frozen=True)
class TrainingOptions:
    """What can be trained right now: nothing while a run is `unfinished`."""

    champion: ModelVersion | None
    new_labels: int
    unfinished: TrainingRun | None


def get_options() -> TrainingOptions:
    champion = versions.get_champion()
    return TrainingOptions(
        champion, count_new_labels(champion) if champion else 0, get_unfinished()
    )


def get_unfinished() -> TrainingRun | None:
    """The run that waits or goes on."""
    return TrainingRun.objects.filter(state__in=UNFINISHED).defer("log", "progress").first()


def queue_run(by: User | None, fine_tune: bool = True, force: bool = False) -> TrainingRun:
    """Puts a run on record and its job into the queue, both or neither.

    Raises NoNewLabels, unless `force` is set or it is from scratch; AlreadyTraining.
    """
    champion = versions.get_champion()
    if fine_tune and champion is None:
        raise RuleBroken("There is no champion to fine-tune. Train from scratch.")
    if fine_tune and champion and not force and not count_new_labels(champion):
        raise NoNewLabels(
            f"Nothing new to learn: no label has been set since model {champion} was made."
        )
    with transaction.atomic():
        run = _create(asked_by=by, fine_tune=fine_tune, force=force)
        app.configure_task(TASK, queue="training").defer(run_id=run.pk, **get_job_arguments())
    return run


def start_run(fine_tune: bool, force: bool) -> TrainingRun:
    """Puts a run on record that starts in this very process. Raises AlreadyTraining."""
    now = timezone.now()
    started = {"state": RunState.RUNNING, "started_at": now, "heartbeat_at": now}
    return _create(fine_tune=fine_tune, force=force, **started)


def _create(**values: Any) -> TrainingRun:
    fail_lost_runs()
    try:
        with transaction.atomic():
            return TrainingRun.objects.create(**values)
    except IntegrityError as error:
        raise AlreadyTraining(
            f"Training {get_unfinished() or 'run'} has not finished, and only one can run. "
            "Wait for it, or cancel it."
        ) from error


def claim(run_id: int) -> bool:
    """Starts a run that was queued; says whether it still was."""
    now = timezone.now()
    queued = TrainingRun.objects.filter(pk=run_id, state=RunState.QUEUED)
    started = {"state": RunState.RUNNING, "started_at": now, "heartbeat_at": now}
    return bool(queued.update(stage="starting", **started))


def get_running(run_id: int) -> TrainingRun:
    """For the process that carries it out. Raises RuleBroken where it does not run (any more)."""
    run = TrainingRun.objects.filter(pk=run_id, state=RunState.RUNNING).first()
    if run is None:
        raise RuleBroken(f"Run {run_id} is not running.")
    return run


def record_heartbeat(run_id: int) -> bool:
    """Says that the run's process lives; False tells it to stop."""
    run = TrainingRun.objects.filter(pk=run_id)
    run.filter(state=RunState.RUNNING).update(heartbeat_at=timezone.now())
    given_up = Q(cancel_requested=True) | Q(state__in=[RunState.FAILED, RunState.CANCELLED])
    return not run.filter(given_up).exists()


def finish(run_id: int, state: RunState, **values: Any) -> None:
    """Does nothing to a run that has ended already."""
    _end(TrainingRun.objects.filter(pk=run_id, state__in=UNFINISHED), state, **values)


def _end(unfinished: QuerySet[TrainingRun], state: RunState, **values: Any) -> None:
    """The error of a failed run closes its log."""
    if state == RunState.FAILED and "error" in values:
        values["log"] = Concat("log", Value(f"{values['error']}\n"))
    unfinished.update(state=state, finished_at=timezone.now(), stage="", **values)


def cancel(run_id: int) -> None:
    """Of a run that waits, now; of one that runs, within seconds. Raises RunFinished."""
    finished = {"state": RunState.CANCELLED, "finished_at": timezone.now()}
    if TrainingRun.objects.filter(pk=run_id, state=RunState.QUEUED).update(**finished):
        return
    running = TrainingRun.objects.filter(pk=run_id, state=RunState.RUNNING)
    if not running.update(cancel_requested=True):
        raise RunFinished("This run has ended already.")


def fail_lost_runs() -> None:
    """Ends the runs whose process has not been heard of for half a minute, or whose job is gone."""
    silent = Q(state=RunState.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    jobs = ProcrastinateJob.objects.filter(task_name=TASK, status__in=["todo", "doing"])
    waits = jobs.annotate(run=KeyTextTransform("run_id", "args")).filter(
        run=Cast(OuterRef("pk"), TextField())
    )
    jobless = Q(state=RunState.QUEUED) & ~Exists(waits)
    _end(TrainingRun.objects.filter(silent | jobless), RunState.FAILED, error=LOST)
