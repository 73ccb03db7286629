"""Several pictures kept by one transaction: their rows and files, or none of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction

from classifier.models import Upload

_kept: ContextVar[list[Upload] | None] = ContextVar("kept", default=None)


def tell(upload: Upload) -> None:
    """That its file is stored, and that its rows come."""
    if (uploads := _kept.get()) is not None:
        uploads.append(upload)


@contextmanager
def together() -> Iterator[list[Upload]]:
    """The uploads so far; within another one it is a part of that."""
    if (uploads := _kept.get()) is not None:
        yield uploads
        return
    uploads = []
    token = _kept.set(uploads)
    try:
        with transaction.atomic():
            yield uploads
    except (InterfaceError, OperationalError):
        # They may have been committed, and nobody can say: `remove_orphans` will look.
        raise
    except BaseException:
        for upload in uploads:
            default_storage.delete(str(upload.file.name))
        raise
    finally:
        _kept.reset(token)
