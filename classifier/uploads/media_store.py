"""The link between this database and its folder of uploads, MEDIA_ROOT."""

from pathlib import Path
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from classifier.models import MediaStore
from classifier.uploads.storage import MARKER, PROBE, DurableStorage, WrongStore

FOLDER = "uploads"


@transaction.atomic
def set_up_folder() -> None:
    """Mark MEDIA_ROOT the first time, and later check that it is still the same folder.

    A bucket needs no marker, as nothing can be written if it is missing. Raise NoStorage.
    """
    if not isinstance(default_storage, DurableStorage):
        return
    marker = default_storage.read_marker()
    if get_store_id() is None and (marker is None or not _has_files()):
        store = MediaStore.objects.create(**({"pk": marker} if marker else {}))
        default_storage.write_marker(store.pk)
    else:
        check_ids(get_store_id(), marker)


def check_folder() -> None:
    """Raise WrongStore if MEDIA_ROOT is not the folder that was set up for this database."""
    if isinstance(default_storage, DurableStorage):
        check_ids(get_store_id(), default_storage.read_marker())


def check_ids(expected: UUID | None, marker: UUID | None) -> None:
    """Raise WrongStore unless the marker holds the database's ID."""
    if expected is None:
        raise WrongStore(
            "MEDIA_ROOT holds files of another database. Restore that database or, to give the "
            f"files up, delete {MARKER} in MEDIA_ROOT."
        )
    if marker is None:
        raise WrongStore(
            f"MEDIA_ROOT has no {MARKER}, so it is not the folder of this database's uploads. "
            "Mount the volume that holds them. If they were restored without it, or are lost, "
            f"write {expected} into {MARKER} in MEDIA_ROOT."
        )
    if marker != expected:
        raise WrongStore(
            f"MEDIA_ROOT holds files of another database: {MARKER} is {marker} and should be "
            f"{expected}. Mount the volume of this database."
        )


def get_store_id() -> UUID | None:
    """Return the ID of the folder that was set up for this database, if any."""
    return MediaStore.objects.values_list("pk", flat=True).first()


def probe_storage() -> UUID | None:
    """Check that files can be stored, and return the marker's ID, if any. Raise NoStorage."""
    store_id: UUID | None = default_storage.probe()  # type: ignore[attr-defined]
    return store_id


def _has_files() -> bool:
    try:
        folders, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return False
    return bool(set(folders) - {Path(PROBE).name} or files)
