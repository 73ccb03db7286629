"""Deleting stored files, where a failure must not undo what the database has committed."""

import logging
from collections.abc import Sequence

from django.core.files.storage import default_storage
from procrastinate.contrib.django import app
from procrastinate.types import JSONDict

from classifier.monitoring.request_id import get_job_arguments
from classifier.uploads.storage import NoStorage

TASK = "classifier.tasks.delete_file"

logger = logging.getLogger(__name__)


def delete_files(names: Sequence[str]) -> Sequence[str]:
    """Delete files in order, up to the first failure, and return the names of those left.

    The others are not tried: a store that does not answer takes seconds to fail for each.
    """
    for done, name in enumerate(names):
        try:
            default_storage.delete(name)
        except NoStorage as error:
            left = names[done:]
            logger.error("%d stored files could not be deleted: %s", len(left), error)
            return left
    return []


def delete_files_later(names: Sequence[str]) -> None:
    """Enqueue a job for each file, which is retried for hours until the file is deleted."""
    if names:
        arguments: list[JSONDict] = [{"name": name, **get_job_arguments()} for name in names]
        app.configure_task(TASK, priority=-1).batch_defer(*arguments)
