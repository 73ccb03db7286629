"""Training runs: queueing, starting, cancelling and finishing them. Only one runs at a time."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier import jobs
from classifier.errors import RuleBroken
from classifier.models import (
    UNFINISHED_STATES,
    Dispute,
    InputImage,
    ModelVersion,
    RunState,
    TrainingRun,
)
from classifier.recognition.labels import Label
from classifier.registry import erasures

TASK = "training.tasks.train"
LOST_AFTER = timedelta(seconds=30)
# On two cores.
FINE_TUNING_TAKES = timedelta(minutes=2)
TRAINING_TAKES = timedelta(minutes=40)
LOST = gettext_noop(
    "The training process was killed or its machine is gone. No model was saved. "
    "Start the training again."
)


class NoNewLabels(RuleBroken):
    """The champion has already been trained on every label."""


class AlreadyTraining(RuleBroken):
    """Another run has not finished."""


class RunFinished(RuleBroken):
    """The run has finished, so it can't be cancelled."""


def count_new_labels(champion: ModelVersion) -> int:
    """Return how many labels were set or settled since the champion's data were read.

    Some of these images will be held out, so a new model is trained on fewer.
    """
    # Read one key: a whole snapshot names every upload.
    keys = ModelVersion.objects.values_list("snapshot__read_at", flat=True)
    read_at = parse_datetime(keys.get(pk=champion.pk) or "") or champion.created_at
    labelled = InputImage.objects.uploaded().exclude(label=Label.UNKNOWN)
    disputed = Dispute.objects.open().values("image")
    new = labelled.filter(labelled_at__gt=read_at).exclude(pk__in=disputed)
    settled = labelled.filter(labelled_at__lte=read_at, disputes__settled_at__gt=read_at)
    return new.count() + settled.distinct().count()


def get_unfinished_run() -> TrainingRun | None:
    """Return the run that is queued or running."""
    return TrainingRun.objects.filter(state__in=UNFINISHED_STATES).defer("log", "progress").first()


def get_last_finished_run() -> TrainingRun | None:
    finished = TrainingRun.objects.exclude(state__in=UNFINISHED_STATES)
    return finished.defer("log", "progress").order_by("-id").first()


def estimate_duration(fine_tune: bool) -> timedelta:
    """Return how long the last successful run of this kind took, or else a usual run."""
    finished = TrainingRun.objects.filter(state=RunState.SUCCEEDED, fine_tune=fine_tune)
    last = finished.only("started_at", "finished_at").order_by("-id").first()
    if last and last.started_at and last.finished_at:
        return last.finished_at - last.started_at
    return FINE_TUNING_TAKES if fine_tune else TRAINING_TAKES


def queue_run(by: User | None, fine_tune: bool = True, force: bool = False) -> TrainingRun:
    """Create a run and its job.

    Raise NoNewLabels if there is nothing to fine-tune on, unless `force` is set; AlreadyTraining;
    and RuleBroken if there is no champion to fine-tune.
    """
    champion = ModelVersion.objects.champion()
    if fine_tune and champion is None:
        raise RuleBroken(_("There is no champion to fine-tune. Train from scratch."))
    if fine_tune and champion and not force and not count_new_labels(champion):
        raise NoNewLabels(
            _(
                "No label has been set since model %(champion)s was made. "
                "Label some images first, or force the training."
            )
            % {"champion": champion}
        )
    with transaction.atomic():
        run = _create(asked_by=by, fine_tune=fine_tune, force=force)
        jobs.enqueue_jobs(TASK, [{"run_id": run.pk}], queue="training")
    return run


def queue_forgetting() -> TrainingRun | None:
    """Queue a training from scratch if the champion has to forget deleted images.

    None is queued while another run is unfinished or a candidate waits that can replace it.
    """
    if not erasures.is_forgetting_due() or get_unfinished_run():
        return None
    candidate = ModelVersion.objects.newest_candidate()
    if candidate and not erasures.list_deleted_images(candidate).exists():
        return None
    return queue_run(None, fine_tune=False, force=True)


def start_run(fine_tune: bool, force: bool) -> TrainingRun:
    """Create a run that this process carries out. Raise AlreadyTraining."""
    return _create(fine_tune=fine_tune, force=force, **_start_values())


def _start_values() -> dict[str, Any]:
    now = timezone.now()
    return {"state": RunState.RUNNING, "started_at": now, "heartbeat_at": now}


def _create(**values: Any) -> TrainingRun:
    fail_lost_runs()
    try:
        with transaction.atomic():
            return TrainingRun.objects.create(**values)
    except IntegrityError as error:
        raise AlreadyTraining(
            _("Training %(run)s has not finished, and only one can run. Wait for it, or cancel it.")
            % {"run": get_unfinished_run() or "run"}
        ) from error


def claim_run(run_id: int) -> bool:
    """Start a queued run. Return False if it is no longer queued."""
    queued = TrainingRun.objects.filter(pk=run_id, state=RunState.QUEUED)
    return bool(queued.update(stage=gettext_noop("starting"), **_start_values()))


def get_running(run_id: int) -> TrainingRun:
    """Return a run for the process that carries it out. Raise RuleBroken if it is not running."""
    run = TrainingRun.objects.filter(pk=run_id, state=RunState.RUNNING).first()
    if run is None:
        raise RuleBroken(_("Run %(number)s is not running.") % {"number": run_id})
    return run


def record_heartbeat(run_id: int) -> bool:
    """Record that the run's process is alive. Return False if the process has to stop."""
    run = TrainingRun.objects.filter(pk=run_id)
    run.filter(state=RunState.RUNNING).update(heartbeat_at=timezone.now())
    stopped = Q(cancel_requested=True) | Q(state__in=[RunState.FAILED, RunState.CANCELLED])
    return not run.filter(stopped).exists()


def finish_run(run_id: int, state: RunState, **values: Any) -> None:
    """Finish a run, unless it has finished."""
    _finish(TrainingRun.objects.filter(pk=run_id), state, **values)


def _finish(runs: QuerySet[TrainingRun], state: RunState, **values: Any) -> int:
    """Finish those of these runs that have not finished, and return their number."""
    runs = runs.filter(state__in=UNFINISHED_STATES)
    if state == RunState.FAILED and "error" in values:
        values["log"] = Concat("log", Value(f"{values['error']}\n"))
    return runs.update(state=state, finished_at=timezone.now(), stage="", **values)


def cancel_run(run_id: int) -> None:
    """Cancel a run: at once if it is queued, within seconds if it is running.

    Raise RunFinished.
    """
    cancelled = {"state": RunState.CANCELLED, "finished_at": timezone.now()}
    if TrainingRun.objects.filter(pk=run_id, state=RunState.QUEUED).update(**cancelled):
        return
    running = TrainingRun.objects.filter(pk=run_id, state=RunState.RUNNING)
    if not running.update(cancel_requested=True):
        raise RunFinished(_("This run has already finished."))


def fail_lost_runs() -> int:
    """Fail the lost runs, and return their number."""
    return _finish(list_lost_runs(), RunState.FAILED, error=LOST)


def list_lost_runs() -> QuerySet[TrainingRun]:
    """Return the runs whose process has been silent for 30 seconds, or whose job is gone."""
    silent = Q(state=RunState.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    jobless = Q(state=RunState.QUEUED) & ~jobs.has_unfinished_job(TASK, "run_id")
    return TrainingRun.objects.filter(silent | jobless)
