"""Uploads whose files and rows are stored together or not at all."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Model

from classifier.errors import is_disk_full
from classifier.models import Upload, stored_name
from classifier.uploads.file_deletion import delete_files
from classifier.uploads.insertion import insert_rows

logger = logging.getLogger(__name__)


class UploadBatch:
    """The uploads of one transaction, or one upload whose insertion commits itself."""

    def __init__(self, commits_itself: bool = False) -> None:
        self.uploads: list[Upload] = []
        self.may_be_committed = False
        self._commits_itself = commits_itself

    def store(self, upload: Upload, data: bytes, *rows: Sequence[Model]) -> None:
        """Write the file of an upload, and then insert its row and others, table by table.

        Raise NoStorage if the file can't be written.
        """
        upload.file.name = default_storage.save(stored_name(upload, ""), ContentFile(data))
        self.uploads.append(upload)
        self.may_be_committed = self._commits_itself
        insert_rows([upload], *rows)


@contextmanager
def open_batch(outer: UploadBatch | None = None) -> Iterator[UploadBatch]:
    """Open a transaction for uploads, or join that of `outer`."""
    if outer is not None:
        yield outer
        return
    batch = UploadBatch()
    with _delete_files_on_rollback(batch), transaction.atomic():
        yield batch
        batch.may_be_committed = True


@contextmanager
def open_single() -> Iterator[UploadBatch]:
    """Provide a batch for one upload. Without a transaction, it saves two round trips."""
    # An unreachable database is noticed before a file is written.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    batch = UploadBatch(commits_itself=True)
    with _delete_files_on_rollback(batch):
        yield batch


@contextmanager
def _delete_files_on_rollback(batch: UploadBatch) -> Iterator[None]:
    """Delete the batch's files if its transaction certainly did not commit.

    If the outcome is unknown, the files stay, as a row must never lose its file. The job
    `remove_orphans` deletes them an hour later if they have no row.
    """
    try:
        yield
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
