"""Members of an ensemble that several workers share: each is trained by one of them at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier.models import RunState, TrainingMember, TrainingRun
from classifier.services import RuleBroken, members, runs

pytestmark = pytest.mark.django_db

EPOCH = {"member": 1, "epoch": 1, "loss": 0.5, "accuracy": 0.9}


@pytest.fixture
def run() -> TrainingRun:
    """One that goes on, of two members."""
    run = runs.begin(fine_tune=False, force=False)
    members.share(run.pk, 2)
    return run


def claim(run: TrainingRun, number: int = 1) -> UUID:
    given = members.claim(run.pk, number)
    assert given
    return given


def silent_for(seconds: int) -> None:
    silence = timedelta(seconds=seconds)
    TrainingMember.objects.update(heartbeat_at=F("heartbeat_at") - silence)


def test_each_member_waits_with_a_job(run: TrainingRun) -> None:
    jobs = ProcrastinateJob.objects.filter(task_name=members.TASK, args__run_id=run.pk)
    assert list(jobs.order_by("id").values_list("args", "queue_name")) == [
        ({"run_id": run.pk, "member": 1}, "training"),
        ({"run_id": run.pk, "member": 2}, "training"),
    ]
    assert members.unfinished(run.pk) == [1, 2]


def test_members_without_jobs_are_not_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **values: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(app, "configure_task", full)
    with pytest.raises(ConnectionError):
        members.share(runs.begin(fine_tune=False, force=False).pk, 2)
    assert not TrainingMember.objects.exists()


def test_who_claims_a_member_trains_it_alone(run: TrainingRun) -> None:
    first = claim(run)

    assert members.claim(run.pk, 1) is None
    assert members.claimed(first).number == 1
    assert members.claim(run.pk, 2)
    assert members.claim(run.pk, 3) is None


def test_who_is_silent_for_half_a_minute_has_lost_it(run: TrainingRun) -> None:
    first = claim(run)
    members.tell(first, [EPOCH])

    silent_for(29)
    assert members.claim(run.pk, 1) is None
    assert members.beat(first)

    silent_for(31)
    assert members.claim(run.pk, 1)
    assert members.progress(run.pk) == []
    assert not members.beat(first)
    members.tell(first, [EPOCH], done=True)
    assert (members.unfinished(run.pk), members.progress(run.pk)) == ([1, 2], [])
    with pytest.raises(RuleBroken, match="Somebody else"):
        members.claimed(first)


def test_what_is_done_is_done_once(run: TrainingRun) -> None:
    first = claim(run)
    members.tell(first, [EPOCH], done=True)

    members.release(first)
    silent_for(60)

    assert members.unfinished(run.pk) == [2]
    assert members.progress(run.pk) == [EPOCH]
    assert members.claim(run.pk, 1) is None


def test_what_is_released_is_free_at_once(run: TrainingRun) -> None:
    members.release(claim(run))

    assert members.claim(run.pk, 1)


@pytest.mark.parametrize("ended", [runs.cancel, lambda run: runs.finish(run, RunState.FAILED)])
def test_when_the_run_ends_its_members_stop_and_nobody_claims_one(
    run: TrainingRun, ended: Callable[[int], None]
) -> None:
    first = claim(run)

    ended(run.pk)

    assert not members.beat(first)
    assert members.claim(run.pk, 2) is None


@pytest.mark.parametrize(
    "wrong", [{"claim": uuid4()}, {"done": True}, {"number": 1}], ids=["silent", "done", "twice"]
)
def test_a_member_makes_sense(run: TrainingRun, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingMember.objects.create(**{"run": run, "number": 3} | wrong)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_at_once_one_gets_it() -> None:
    run = runs.begin(fine_tune=False, force=False)
    members.share(run.pk, 20)
    together = Barrier(2)

    def claim_all(_: int) -> list[int]:
        together.wait()
        try:
            return [number for number in range(1, 21) if members.claim(run.pk, number)]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(claim_all, range(2))

    assert sorted(first + second) == list(range(1, 21))
