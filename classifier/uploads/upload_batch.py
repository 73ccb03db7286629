"""Uploads whose files and rows are stored together or not at all."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, transaction

from classifier.errors import is_disk_full
from classifier.models import Upload, stored_name
from classifier.uploads.file_deletion import delete_files

logger = logging.getLogger(__name__)


class UploadBatch:
    """The uploads of one transaction."""

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.may_be_committed = False

    def store_file(self, upload: Upload, data: bytes) -> None:
        """Write the file of an upload, before its row. Raise NoStorage if that fails."""
        upload.file.name = default_storage.save(stored_name(upload, ""), ContentFile(data))
        self.uploads.append(upload)


@contextmanager
def open_batch(outer: UploadBatch | None = None) -> Iterator[UploadBatch]:
    """Open a transaction for uploads, or join that of `outer`."""
    if outer is not None:
        yield outer
        return
    with delete_files_on_rollback() as batch, transaction.atomic():
        yield batch
        batch.may_be_committed = True


@contextmanager
def delete_files_on_rollback() -> Iterator[UploadBatch]:
    """Delete the batch's files if its transaction certainly did not commit.

    If the outcome is unknown, the files stay, as a row must never lose its file. The job
    `remove_orphans` deletes them an hour later if they have no row.
    """
    batch = UploadBatch()
    try:
        yield batch
    except BaseException as error:
        names = [str(upload.file.name) for upload in batch.uploads]
        if not batch.may_be_committed or _is_rejection(error):
            delete_files(names)
        elif names:
            logger.warning("%d stored files may have no row: %s", len(names), error)
        raise


def _is_rejection(error: BaseException) -> bool:
    """Return whether PostgreSQL reported that it did not commit."""
    if isinstance(error, OperationalError):
        return is_disk_full(error)
    return isinstance(error, DatabaseError)
