"""Deletion of stored files, whose failure must not undo what the database has committed."""

import logging
from collections.abc import Sequence

from django.core.files.storage import default_storage

from classifier.uploads.storage import NoStorage

TASK = "classifier.tasks.delete_file"

logger = logging.getLogger(__name__)


def delete_files(names: Sequence[str]) -> Sequence[str]:
    """Delete files in order, up to the first failure, and return the names of those left.

    The others are not tried: a storage that does not answer takes seconds to fail for each.
    """
    for deleted, name in enumerate(names):
        try:
            default_storage.delete(name)
        except NoStorage as error:
            left = names[deleted:]
            logger.error("%d stored files could not be deleted: %s", len(left), error)
            return left
    return []
