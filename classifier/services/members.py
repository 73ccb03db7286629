"""The members of a run's ensemble, shared among workers: who trains which, and how far it is.

The database's clock says who is silent, as those of the hosts may differ.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from procrastinate.contrib.django import app
from procrastinate.types import JSONDict

from classifier.models import RunState, TrainingMember, TrainingRun
from classifier.request_id import as_argument
from classifier.services import RuleBroken

TASK = "training.tasks.train_member"
LOST_AFTER = timedelta(seconds=30)


@transaction.atomic
def share(run_id: int, count: int) -> None:
    """Puts them on record, and a job for each into the queue."""
    numbers = range(1, count + 1)
    TrainingMember.objects.bulk_create(
        TrainingMember(run_id=run_id, number=number) for number in numbers
    )
    jobs: list[JSONDict] = [
        {"run_id": run_id, "member": number, **as_argument()} for number in numbers
    ]
    app.configure_task(TASK, queue="training").batch_defer(*jobs)


def claim(run_id: int, number: int) -> UUID | None:
    """Whoever gets one trains this member; None where it is done or somebody is at it."""
    silent = Q(heartbeat_at__lt=Now() - LOST_AFTER)
    free = _of_running().filter(Q(claim=None) | silent, run=run_id, number=number, done=False)
    given = uuid4()
    claimed = free.update(claim=given, heartbeat_at=Now(), progress=[])
    return given if claimed else None


def claimed(claim: UUID) -> TrainingMember:
    """Raises RuleBroken where the claim was lost."""
    member = TrainingMember.objects.filter(claim=claim).first()
    if member is None:
        raise RuleBroken("Somebody else trains this member by now.")
    return member


def beat(claim: UUID) -> bool:
    """Says that whoever claimed a member lives; False tells them to stop."""
    return bool(_of_running().filter(claim=claim).update(heartbeat_at=Now()))


def tell(claim: UUID, progress: list[dict[str, Any]], done: bool = False) -> None:
    """Of all its epochs so far; and when it is done, once its weights are there."""
    TrainingMember.objects.filter(claim=claim).update(progress=progress, done=done)


def release(claim: UUID) -> None:
    """Lets others train the member, unless it is done."""
    unfinished = TrainingMember.objects.filter(claim=claim, done=False)
    unfinished.update(claim=None, heartbeat_at=None, progress=[])


def unfinished(run_id: int) -> list[int]:
    """Their numbers."""
    members = TrainingMember.objects.filter(run=run_id, done=False).order_by("number")
    return list(members.values_list("number", flat=True))


def progress(run_id: int) -> list[dict[str, Any]]:
    """The epochs of all of them."""
    members = TrainingMember.objects.filter(run=run_id).order_by("number")
    return [epoch for epochs in members.values_list("progress", flat=True) for epoch in epochs]


def _of_running() -> QuerySet[TrainingMember]:
    running = TrainingRun.objects.filter(state=RunState.RUNNING, cancel_requested=False)
    # Not by a join: of two who claim at once the later has to look again once it is its turn.
    return TrainingMember.objects.filter(Exists(running.filter(pk=OuterRef("run"))))
