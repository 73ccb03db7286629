"""Stored files that no upload knows of: what a process leaves that was killed in between."""

from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from classifier.models import Upload
from classifier.uploads import media_store
from classifier.uploads.file_deletion import delete_files
from classifier.uploads.media_store import FOLDER

ORPHAN_AFTER = timedelta(hours=1)


def remove_orphans() -> int:
    """Delete stored files that have had no upload for an hour, and return their number.

    Raises NoStorage, before anything is deleted, also where the folder is another database's.
    """
    media_store.check_folder()
    try:
        folders, _ = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0  # nothing was ever stored
    return sum(_remove_from(folder) for folder in folders)


def _remove_from(folder: str) -> int:
    place = f"{FOLDER}/{folder}"
    stored = {f"{place}/{name}" for name in default_storage.listdir(place)[1]}
    # In a bucket each question for an age is a request: first what costs one query for all.
    old = [name for name in stored - _expected_in(folder) if _is_old(name)]
    orphans = set(old) - set(Upload.objects.filter(file__in=old).values_list("file", flat=True))
    return len(orphans) - len(delete_files(sorted(orphans)))


def _expected_in(folder: str) -> set[str]:
    """Files of the uploads whose ids begin like the folder's name, as `stored_name` has it."""
    try:
        ids = UUID(folder.ljust(32, "0")), UUID(folder.ljust(32, "f"))
    except ValueError:
        return set()
    return set(Upload.objects.filter(pk__range=ids).values_list("file", flat=True))


def _is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - ORPHAN_AFTER
    except FileNotFoundError:
        return False  # it has been given its name, or deleted, since it was listed
