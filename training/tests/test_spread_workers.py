"""A run that two real workers share: a process of one is killed, or the run is cancelled."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest
from django.conf import settings
from django.contrib.auth.models import User

from classifier.models import RunState, Source, TrainingMember, TrainingRun, Via
from classifier.services import labels, runs, uploads, versions
from classifier.tests.database import database_url
from mnistsite.tests.stack import command_line, eventually, lives

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN_S = 300


@pytest.fixture
def two_workers() -> Iterator[list[psutil.Process]]:
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "SPREAD_TRAINING": "1",
        **{name: str(getattr(settings, name)) for name in ("MODELS_DIR", "IMAGES_DIR", "VAR_DIR")},
    }
    command = [sys.executable, "manage.py", "procrastinate", "worker", "-q", "training"]
    started = [subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR) for _ in range(2)]
    yield [psutil.Process(each.pid) for each in started]
    for each in started:
        each.terminate()
    for each in started:
        each.wait()


@pytest.fixture
def run(few: None, drawn: Callable[..., bytes]) -> TrainingRun:
    """A fine-tuning of three members that waits."""
    versions.promote("baseline")
    answered = [uploads.classify(drawn(7, which), Source.WEB) for which in range(4)]
    ids = [answer.digits[0].id for answer in answered if answer.digits[0].id]
    labels.label_all(ids, "1", User.objects.create_superuser("admin"), Via.ADMIN)
    return runs.ask(None)


def trainings(workers: list[psutil.Process], argument: str) -> list[psutil.Process]:
    children = [child for worker in workers for child in worker.children()]
    return [child for child in children if f"train {argument}" in command_line(child)]


def begun(workers: list[psutil.Process]) -> psutil.Process:
    """The process of a member."""
    assert eventually(lambda: bool(trainings(workers, "--member")), WITHIN_S)
    return trainings(workers, "--member")[0]


def learns() -> bool:
    """Whether a member that is not the run's own has learnt for an epoch."""
    return TrainingMember.objects.exclude(progress=[]).exclude(number=1).exists()


def ended(run: TrainingRun) -> TrainingRun:
    def has_ended() -> bool:
        run.refresh_from_db()
        return run.is_finished

    assert eventually(has_ended, WITHIN_S)
    return run


def test_a_member_whose_process_is_killed_is_taken_over(
    run: TrainingRun, two_workers: list[psutil.Process]
) -> None:
    assert eventually(learns, WITHIN_S)
    killed = begun(two_workers)
    [own] = trainings(two_workers, "--run")
    assert own.ppid() != killed.ppid(), "one worker trains beside the other's run"
    killed.kill()

    assert ended(run).state == RunState.SUCCEEDED, run.error
    epochs = sorted((each["member"], each["epoch"]) for each in run.progress)
    assert epochs == [(member, epoch) for member in (1, 2, 3) for epoch in (1, 2, 3)]
    assert all(f"Member {member} of 3, epoch 3 of 3" in run.log for member in (1, 2, 3))
    assert run.result is not None
    assert run.result.configuration["fine_tuned_from"] == "baseline"
    assert not list(settings.MODELS_DIR.glob(".*"))


def test_cancelling_a_run_stops_the_processes_of_all_its_members(
    run: TrainingRun, two_workers: list[psutil.Process]
) -> None:
    member = begun(two_workers)

    runs.cancel(run.pk)

    assert ended(run).state == RunState.CANCELLED
    assert eventually(lambda: not lives(member), WITHIN_S)
    assert not list(settings.MODELS_DIR.iterdir())
