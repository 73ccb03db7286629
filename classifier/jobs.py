"""The job queue: enqueueing jobs and finding those that are not finished."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.types import JSONDict

from classifier.monitoring.request_id import get_job_arguments

# Jobs that people wait for, such as a training, have priority 0 and go first.
BACKGROUND = -1


def enqueue_jobs(
    task: str,
    jobs: Iterable[JSONDict],
    *,
    queue: str = "default",
    priority: int = 0,
    delay_s: float = 0,
) -> None:
    """Add a job of the task for each set of arguments, in the caller's transaction.

    The jobs also get the id of the current request, for their log lines.
    """
    arguments: list[JSONDict] = [{**job, **get_job_arguments()} for job in jobs]
    if arguments:
        configured = app.configure_task(
            task, queue=queue, priority=priority, schedule_in={"seconds": round(delay_s)}
        )
        configured.batch_defer(*arguments)


def list_unfinished(task: str) -> QuerySet[ProcrastinateJob]:
    """Return the task's jobs that wait or run."""
    return ProcrastinateJob.objects.filter(task_name=task, status__in=["todo", "doing"])


def has_unfinished_job(task: str, argument: str) -> Exists:
    """Return the condition that a job of the task waits or runs for the row.

    The job's `argument` is the row's primary key.
    """
    jobs = list_unfinished(task).alias(key=KeyTextTransform(argument, "args"))
    return Exists(jobs.filter(key=Cast(OuterRef("pk"), TextField())))
