"""Failures of what the site depends on, and how a request is answered meanwhile."""

from dataclasses import dataclass
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_noop

from classifier.errors import is_disk_full, is_read_only
from classifier.registry.serving import NoModel
from classifier.uploads.storage import NoStorage, StorageFull

# A restart or a lost connection is over in seconds; a full disk waits for somebody.
RETRY_AFTER_S = 5
RETRY_AFTER_FULL_S = 60


@dataclass(frozen=True)
class Outage:
    """`code` is for programs, `detail` for people, in English."""

    code: str
    detail: str
    status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_s: int = RETRY_AFTER_S


NO_DATABASE = Outage(
    "no_database",
    gettext_noop("The database can't be reached right now. Try again in a moment."),
)
NO_STORAGE = Outage(
    "no_storage",
    gettext_noop("The stored pictures can't be reached right now. Try again in a moment."),
)
DATABASE_FULL = Outage(
    "database_full",
    gettext_noop("The database has no space left. Nothing has been stored; try again later."),
    HTTPStatus.INSUFFICIENT_STORAGE,
    RETRY_AFTER_FULL_S,
)
STORAGE_FULL = Outage(
    "storage_full",
    gettext_noop("There is no space left for pictures. Nothing has been stored; try again later."),
    HTTPStatus.INSUFFICIENT_STORAGE,
    RETRY_AFTER_FULL_S,
)


def find_outage(error: BaseException) -> Outage | None:
    """Return the outage that an error is a sign of, if it is one."""
    if isinstance(error, NoModel):
        return Outage("no_model", str(error))
    if is_disk_full(error):
        return DATABASE_FULL
    if isinstance(error, (OperationalError, InterfaceError)) or is_read_only(error):
        return NO_DATABASE
    if isinstance(error, StorageFull):
        return STORAGE_FULL
    return NO_STORAGE if isinstance(error, NoStorage) else None
