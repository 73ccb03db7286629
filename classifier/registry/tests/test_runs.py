"""Training runs: one at a time, on record with their job or not at all, and always ended."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier.errors import RuleBroken
from classifier.models import ModelState, ModelVersion, RunState, TrainingRun
from classifier.registry import runs
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner() -> ModelVersion:
    """A champion that has learnt all labels up to now."""
    snapshot = {"read_at": timezone.now().isoformat()}
    return factories.create_version(name="learner", state=ModelState.CHAMPION, snapshot=snapshot)


def jobs() -> list[dict[str, Any]]:
    found = ProcrastinateJob.objects.filter(task_name=runs.TASK, queue_name="training")
    return list(found.values_list("args", flat=True))


def state(run: TrainingRun) -> str:
    run.refresh_from_db()
    return run.state


def test_new_labels_are_those_set_since_the_champion_read_its_data(learner: ModelVersion) -> None:
    factories.create_image(label="7", labelled_at=timezone.now() - timedelta(hours=1))
    factories.create_image()
    factories.create_mnist_image()
    assert runs.count_new_labels(learner) == 0

    factories.create_image(label="7")
    factories.create_image(label="not_a_digit")
    assert runs.count_new_labels(learner) == 2


def test_a_champion_that_does_not_say_when_it_read_counts_from_when_it_was_registered() -> None:
    factories.create_image(label="7")
    learner = factories.create_version(state=ModelState.CHAMPION)
    factories.create_image(label="8")

    assert runs.count_new_labels(learner) == 1


def test_what_is_asked_for_waits_for_the_worker_with_its_job(
    learner: ModelVersion, admin_user: User
) -> None:
    factories.create_image(label="7")

    run = runs.queue_run(admin_user)

    assert (run.state, run.asked_by, run.fine_tune, run.force) == (
        "queued",
        admin_user,
        True,
        False,
    )
    assert jobs() == [{"run_id": run.pk}]


def test_nothing_new_is_not_learnt_unless_it_is_forced(learner: ModelVersion) -> None:
    with pytest.raises(runs.NoNewLabels, match=r"since model learner was made"):
        runs.queue_run(None)
    assert (TrainingRun.objects.count(), jobs()) == (0, [])

    assert runs.queue_run(None, force=True).force


def test_from_scratch_there_is_always_something_to_learn(learner: ModelVersion) -> None:
    assert not runs.queue_run(None, fine_tune=False).fine_tune


def test_without_a_champion_there_is_nothing_to_fine_tune(db: None) -> None:
    with pytest.raises(RuleBroken, match="Train from scratch"):
        runs.queue_run(None)

    assert runs.queue_run(None, fine_tune=False).state == RunState.QUEUED


@pytest.mark.parametrize("again", [runs.queue_run, runs.start_run])
def test_there_is_one_run_at_a_time(again: Callable[..., TrainingRun]) -> None:
    first = runs.queue_run(None, fine_tune=False)

    with pytest.raises(runs.AlreadyTraining, match=f"run {first.pk} is not finished"):
        again(None, fine_tune=False) if again is runs.queue_run else again(False, False)
    assert (TrainingRun.objects.count(), len(jobs())) == (1, 1)

    runs.cancel(first.pk)
    assert runs.queue_run(None, fine_tune=False).pk != first.pk


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_gets_a_run() -> None:
    together = Barrier(2)

    def ask(_: int) -> TrainingRun | None:
        together.wait()
        try:
            return runs.queue_run(None, fine_tune=False)
        except runs.AlreadyTraining:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        asked = [run for run in pool.map(ask, range(2)) if run]

    assert [run.pk for run in asked] == [TrainingRun.objects.get().pk]
    # Procrastinate's tables keep what earlier tests of this kind have committed.
    assert [job for job in jobs() if job["run_id"] >= asked[0].pk] == [{"run_id": asked[0].pk}]


def test_a_run_whose_job_cannot_be_queued_is_not_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*args: Any, **values: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(app, "configure_task", full)

    with pytest.raises(ConnectionError):
        runs.queue_run(None, fine_tune=False)
    assert not TrainingRun.objects.exists()


def test_a_run_that_waits_is_cancelled_at_once_and_cannot_be_taken_up() -> None:
    run = runs.queue_run(None, fine_tune=False)

    runs.cancel(run.pk)

    assert state(run) == RunState.CANCELLED
    assert run.finished_at is not None
    assert not runs.claim(run.pk)
    with pytest.raises(RuleBroken, match="is not running"):
        runs.get_running(run.pk)


def test_a_run_that_runs_is_told_to_stop_by_its_next_heartbeat() -> None:
    run = runs.queue_run(None, fine_tune=False)
    assert runs.claim(run.pk)
    assert runs.record_heartbeat(run.pk)

    runs.cancel(run.pk)

    assert state(run) == RunState.RUNNING
    assert not runs.record_heartbeat(run.pk)


def test_a_run_that_has_ended_cannot_be_cancelled() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    runs.finish(run.pk, RunState.FAILED, error="out of memory")

    with pytest.raises(runs.RunFinished, match="ended already"):
        runs.cancel(run.pk)
    assert not run.cancel_requested


def test_a_run_that_is_silent_for_half_a_minute_has_failed() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    heard = TrainingRun.objects.filter(pk=run.pk)

    heard.update(heartbeat_at=timezone.now() - timedelta(seconds=20))
    runs.fail_lost_runs()
    assert state(run) == RunState.RUNNING

    heard.update(heartbeat_at=timezone.now() - timedelta(seconds=40))
    runs.fail_lost_runs()
    assert (state(run), run.error) == (RunState.FAILED, runs.LOST)


def test_a_run_whose_process_is_gone_does_not_stand_in_the_way() -> None:
    lost = runs.start_run(fine_tune=False, force=False)
    long_ago = timezone.now() - timedelta(hours=1)
    TrainingRun.objects.filter(pk=lost.pk).update(heartbeat_at=long_ago)

    assert runs.queue_run(None, fine_tune=False).state == RunState.QUEUED
    assert state(lost) == RunState.FAILED


def test_a_run_that_waits_long_has_not_failed() -> None:
    run = runs.queue_run(None, fine_tune=False)
    TrainingRun.objects.update(asked_at=timezone.now() - timedelta(days=1))

    runs.fail_lost_runs()

    assert state(run) == RunState.QUEUED


def test_a_run_whose_job_is_gone_does_not_wait_for_ever() -> None:
    run = runs.queue_run(None, fine_tune=False)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")

    runs.fail_lost_runs()

    assert (state(run), run.error) == (RunState.FAILED, runs.LOST)


def test_a_run_ends_once() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    runs.finish(run.pk, RunState.FAILED, error="out of memory")
    run.refresh_from_db()
    before = run.finished_at

    runs.finish(run.pk, RunState.CANCELLED, error="Cancelled.")

    assert (state(run), run.error, run.finished_at) == ("failed", "out of memory", before)


def test_failed_run_has_its_error_in_its_log() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    TrainingRun.objects.update(log="Training on 9 images.\n")
    runs.finish(run.pk, RunState.FAILED, error="out of memory")
    runs.finish(run.pk, RunState.FAILED, error="the process is gone")
    run.refresh_from_db()
    assert run.log == "Training on 9 images.\nout of memory\n"


def test_lost_run_has_its_error_in_its_log() -> None:
    run = runs.start_run(fine_tune=False, force=False)
    TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    runs.fail_lost_runs()
    run.refresh_from_db()
    assert run.log == f"{runs.LOST}\n"


def test_what_can_be_trained_is_offered(learner: ModelVersion) -> None:
    factories.create_image(label="7")
    assert runs.get_options() == runs.TrainingOptions(learner, 1, None)

    run = runs.queue_run(None)
    assert runs.get_options() == runs.TrainingOptions(learner, 1, run)
