"""Jobs of the queue, done in this process by who would be a worker."""

from typing import Any

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from classifier import tasks
from classifier.models import ModelVersion
from classifier.uploads import rescoring


def of(model: ModelVersion) -> list[dict[str, Any]]:
    """The arguments of those that wait."""
    jobs = ProcrastinateJob.objects.filter(task_name=rescoring.TASK, status="todo")
    own = jobs.filter(args__model_id=model.pk).order_by("id")
    return list(own.values_list("args", flat=True))


def do(model: ModelVersion, at_most: int = 1_000_000) -> None:
    for arguments in of(model)[:at_most]:
        with connection.cursor() as cursor:
            statement = (
                "DELETE FROM procrastinate_jobs WHERE args @> jsonb_build_object('first', %s)"
            )
            cursor.execute(statement, [arguments["first"]])
        tasks.rescore(**arguments)
