from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier.errors import RuleBroken
from classifier.models import Dispute, ModelState, ModelVersion, RunState, TrainingRun
from classifier.registry import runs
from classifier.tests import factories
from classifier.tests.threads import run_in_thread

pytestmark = pytest.mark.django_db


def list_job_arguments() -> list[dict[str, Any]]:
    jobs = ProcrastinateJob.objects.filter(task_name=runs.TASK, queue_name="training")
    return list(jobs.values_list("args", flat=True))


def read_state(run: TrainingRun) -> str:
    run.refresh_from_db()
    return run.state


def test_labels_set_after_the_champions_snapshot_are_new(learner: ModelVersion) -> None:
    factories.create_image(label="7", labelled_at=timezone.now() - timedelta(hours=1))
    factories.create_image()
    factories.create_mnist_image()
    assert runs.count_new_labels(learner) == 0

    factories.create_image(label="7")
    factories.create_image(label="not_a_digit")
    assert runs.count_new_labels(learner) == 2


def test_disputed_labels_are_new_once_they_are_settled(learner: ModelVersion, anna: User) -> None:
    before = timezone.now() - timedelta(hours=1)
    images = [factories.create_image(label="7", labelled_at=at) for at in (before, timezone.now())]
    disputes = [Dispute.objects.create(image=image, opened_by=anna) for image in images]
    assert runs.count_new_labels(learner) == 0

    for dispute in disputes:
        dispute.label, dispute.settled_by, dispute.settled_at = "7", anna, timezone.now()
        dispute.save()
    assert runs.count_new_labels(learner) == 2


def test_labels_set_after_registration_are_new_if_the_snapshot_has_no_time() -> None:
    factories.create_image(label="7")
    learner = factories.create_version(state=ModelState.CHAMPION)
    factories.create_image(label="8")

    assert runs.count_new_labels(learner) == 1


def test_queued_run_has_a_job(learner: ModelVersion, admin_user: User) -> None:
    factories.create_image(label="7")

    run = runs.queue_run(admin_user)

    assert (run.state, run.asked_by) == ("queued", admin_user)
    assert (run.fine_tune, run.force) == (True, False)
    assert list_job_arguments() == [{"run_id": run.pk}]


def test_run_without_new_labels_is_refused_unless_forced(learner: ModelVersion) -> None:
    with pytest.raises(runs.NoNewLabels, match=r"since model learner was made"):
        runs.queue_run(None)
    assert (TrainingRun.objects.count(), list_job_arguments()) == (0, [])

    assert runs.queue_run(None, force=True).force


def test_run_from_scratch_needs_no_new_labels(learner: ModelVersion) -> None:
    assert not runs.queue_run(None, fine_tune=False).fine_tune


def test_fine_tuning_without_a_champion_is_refused(db: None) -> None:
    with pytest.raises(RuleBroken, match="Train from scratch"):
        runs.queue_run(None)

    assert runs.queue_run(None, fine_tune=False).state == RunState.QUEUED


@pytest.mark.parametrize("again", [runs.queue_run, runs.start_run])
def test_second_run_is_refused_while_one_is_unfinished(again: Callable[..., TrainingRun]) -> None:
    first = runs.queue_run(None, fine_tune=False)

    with pytest.raises(runs.AlreadyTraining, match=f"run {first.pk} has not finished"):
        again(None, fine_tune=False) if again is runs.queue_run else again(False, False)
    assert (TrainingRun.objects.count(), len(list_job_arguments())) == (1, 1)

    runs.cancel_run(first.pk)
    assert runs.queue_run(None, fine_tune=False).pk != first.pk


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_create_one_run() -> None:
    barrier = Barrier(2)

    def queue_run(_: int) -> TrainingRun | None:
        barrier.wait()
        with suppress(runs.AlreadyTraining):
            return runs.queue_run(None, fine_tune=False)
        return None

    with ThreadPoolExecutor(2) as pool:
        created = [run for run in pool.map(partial(run_in_thread, queue_run), range(2)) if run]

    assert [run.pk for run in created] == [TrainingRun.objects.get().pk]
    # Earlier tests with committed transactions leave jobs.
    assert [job for job in list_job_arguments() if job["run_id"] >= created[0].pk] == [
        {"run_id": created[0].pk}
    ]


def test_run_whose_job_cannot_be_queued_is_not_created(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **values: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(app, "configure_task", refuse)

    with pytest.raises(ConnectionError):
        runs.queue_run(None, fine_tune=False)
    assert not TrainingRun.objects.exists()


def test_queued_run_is_cancelled_at_once_and_cannot_be_claimed() -> None:
    run = runs.queue_run(None, fine_tune=False)

    runs.cancel_run(run.pk)

    assert read_state(run) == RunState.CANCELLED
    assert run.finished_at is not None
    assert not runs.claim_run(run.pk)
    with pytest.raises(RuleBroken, match="is not running"):
        runs.get_running(run.pk)


def test_heartbeat_of_a_cancelled_run_stops_the_process() -> None:
    run = runs.queue_run(None, fine_tune=False)
    assert runs.claim_run(run.pk)
    assert runs.record_heartbeat(run.pk)

    runs.cancel_run(run.pk)

    assert read_state(run) == RunState.RUNNING
    assert not runs.record_heartbeat(run.pk)


def test_finished_run_cannot_be_cancelled() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    runs.finish_run(run.pk, RunState.FAILED, error="out of memory")

    with pytest.raises(runs.RunFinished, match="already finished"):
        runs.cancel_run(run.pk)
    assert not run.cancel_requested


def test_run_silent_for_30_seconds_fails() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    stored = TrainingRun.objects.filter(pk=run.pk)

    stored.update(heartbeat_at=timezone.now() - timedelta(seconds=20))
    runs.fail_lost_runs()
    assert read_state(run) == RunState.RUNNING

    stored.update(heartbeat_at=timezone.now() - timedelta(seconds=40))
    runs.fail_lost_runs()
    assert (read_state(run), run.error) == (RunState.FAILED, runs.LOST)
    assert run.log == f"{runs.LOST}\n"


def test_lost_run_does_not_block_the_next_one() -> None:
    lost = runs.start_run(fine_tune=False, force=False)
    long_ago = timezone.now() - timedelta(hours=1)
    TrainingRun.objects.filter(pk=lost.pk).update(heartbeat_at=long_ago)

    assert runs.queue_run(None, fine_tune=False).state == RunState.QUEUED
    assert read_state(lost) == RunState.FAILED


def test_queued_run_may_wait_for_long() -> None:
    run = runs.queue_run(None, fine_tune=False)
    TrainingRun.objects.update(asked_at=timezone.now() - timedelta(days=1))

    runs.fail_lost_runs()

    assert read_state(run) == RunState.QUEUED


def test_queued_run_without_a_job_fails() -> None:
    run = runs.queue_run(None, fine_tune=False)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")

    runs.fail_lost_runs()

    assert (read_state(run), run.error) == (RunState.FAILED, runs.LOST)


def test_run_finishes_once_and_logs_its_error() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    TrainingRun.objects.update(log="Training on 9 images.\n")
    runs.finish_run(run.pk, RunState.FAILED, error="out of memory")
    run.refresh_from_db()
    before = run.finished_at

    runs.finish_run(run.pk, RunState.CANCELLED, error="Cancelled.")

    assert (read_state(run), run.error, run.finished_at) == ("failed", "out of memory", before)
    assert run.log == "Training on 9 images.\nout of memory\n"
