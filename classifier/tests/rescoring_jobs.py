"""Rescoring jobs, run in this process instead of by a worker."""

from typing import Any

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier import tasks
from classifier.models import ModelVersion
from classifier.uploads import rescoring


def list_job_arguments(model: ModelVersion) -> list[dict[str, Any]]:
    """Return the arguments of the model's waiting jobs."""
    jobs = ProcrastinateJob.objects.filter(task_name=rescoring.TASK, status="todo")
    return list(jobs.filter(args__model_id=model.pk).order_by("id").values_list("args", flat=True))


def run_jobs(model: ModelVersion, at_most: int = 1_000_000) -> None:
    for arguments in list_job_arguments(model)[:at_most]:
        with connection.cursor() as cursor:
            statement = (
                "DELETE FROM procrastinate_jobs WHERE args @> jsonb_build_object('first', %s)"
            )
            cursor.execute(statement, [arguments["first"]])
        tasks.rescore(**arguments)
