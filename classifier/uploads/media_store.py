"""A check that MEDIA_ROOT is the folder that was set up for this database."""

from pathlib import Path
from typing import Protocol, cast
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from classifier.models import MediaStore
from classifier.uploads.storage import MARKER, PROBE, DurableStorage, WrongStore

FOLDER = "uploads"


class ProbedStorage(Protocol):
    def probe(self) -> UUID | None: ...


@transaction.atomic
def set_up_folder() -> None:
    """Mark MEDIA_ROOT the first time, and later check that it is still the same folder.

    A bucket needs no marker: where it is missing, nothing can be written. Raises NoStorage.
    """
    if not isinstance(default_storage, DurableStorage):
        return
    marked = default_storage.read_marker()
    if get_store_id() is None and (marked is None or not _has_files()):
        store = MediaStore.objects.create(**({"pk": marked} if marked else {}))
        default_storage.write_marker(store.pk)
    else:
        check_ids(get_store_id(), marked)


def check_folder() -> None:
    """Raise WrongStore if MEDIA_ROOT is not the folder that was set up for this database."""
    if isinstance(default_storage, DurableStorage):
        check_ids(get_store_id(), default_storage.read_marker())


def check_ids(known: UUID | None, marked: UUID | None) -> None:
    """Raise WrongStore unless the database's ID is the one in the marker."""
    if known is None:
        raise WrongStore(
            "MEDIA_ROOT holds files of another database. Restore that database or, to give the "
            f"files up, delete {MARKER} in MEDIA_ROOT."
        )
    if marked is None:
        raise WrongStore(
            f"MEDIA_ROOT has no {MARKER}: it is not the folder of this database's uploads. Mount "
            "the volume that holds them. Where they have been restored without it, or are lost, "
            f"write {known} into {MARKER} in MEDIA_ROOT."
        )
    if marked != known:
        raise WrongStore(
            f"MEDIA_ROOT holds files of another database: {MARKER} is {marked} and should be "
            f"{known}. Mount the volume of this one."
        )


def get_store_id() -> UUID | None:
    """Return the ID of the folder that was set up for this database, if one was."""
    return MediaStore.objects.values_list("pk", flat=True).first()


def probe_storage() -> UUID | None:
    """Try a write, and return the ID in the marker, if there is one. Raises NoStorage."""
    return cast(ProbedStorage, default_storage).probe()


def _has_files() -> bool:
    try:
        folders, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return False
    return bool(set(folders) - {Path(PROBE).name} or files)
