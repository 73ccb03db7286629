"""Stored files without an upload, which a killed process can leave."""

import time
from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from classifier.models import Upload
from classifier.uploads import media_store
from classifier.uploads.file_deletion import delete_files
from classifier.uploads.media_store import FOLDER

ORPHAN_AFTER = timedelta(hours=1)
# After a jump of the clock, files that are being stored look old. Their rows follow well within it.
SETTLE_S = 10.0


def remove_orphans() -> int:
    """Delete stored files that have had no upload for an hour, and return their number.

    Raise NoStorage, before anything is deleted, also if the folder belongs to another database.
    """
    orphans = list_orphans()
    if not orphans:
        return 0
    time.sleep(SETTLE_S)
    settled = sorted({*orphans} & {*list_orphans()})
    return len(settled) - len(delete_files(settled))


def list_orphans() -> list[str]:
    """Return the names of stored files that have had no upload for an hour. Raise NoStorage."""
    media_store.check_folder()
    try:
        folders, _ = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return []  # nothing was ever stored
    return [name for folder in folders for name in _list_in(folder)]


def _list_in(folder: str) -> list[str]:
    path = f"{FOLDER}/{folder}"
    stored = {f"{path}/{name}" for name in default_storage.listdir(path)[1]}
    # One query rules out most files, as in a bucket the age of each takes a request.
    old = [name for name in stored - _list_expected(folder) if _is_old(name)]
    return sorted(
        set(old) - set(Upload.objects.filter(file__in=old).values_list("file", flat=True))
    )


def _list_expected(folder: str) -> set[str]:
    """Return the files of uploads whose keys begin with the folder's name, see `stored_name`."""
    try:
        keys = UUID(folder.ljust(32, "0")), UUID(folder.ljust(32, "f"))
    except ValueError:
        return set()
    return set(Upload.objects.filter(pk__range=keys).values_list("file", flat=True))


def _is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - ORPHAN_AFTER
    except FileNotFoundError:
        return False  # it was renamed or deleted since it was listed
