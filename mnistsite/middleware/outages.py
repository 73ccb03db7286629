"""Answer requests while the database, the model or the storage of files fails."""

import logging
from dataclasses import dataclass
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from classifier.errors import is_disk_full, is_read_only
from classifier.registry.serving import NoModel
from classifier.uploads.storage import NoStorage, StorageFull
from mnistsite.errors import render_error
from mnistsite.middleware import Middleware

logger = logging.getLogger(__name__)

# A restart or a lost connection is over in seconds; a full disk needs an operator.
RETRY_AFTER_S = 5
RETRY_AFTER_FULL_S = 60


@dataclass(frozen=True)
class Outage:
    """A stable `code` for programs and an English `detail` for people."""

    code: str
    detail: str
    status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_s: int = RETRY_AFTER_S


NO_DATABASE = Outage(
    "no_database", gettext_noop("The database can't be reached right now. Try again in a moment.")
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
    """Return the outage that caused an error, or None if the error has another cause."""
    if isinstance(error, NoModel):
        return Outage("no_model", str(error))
    if is_disk_full(error):
        return DATABASE_FULL
    if isinstance(error, (OperationalError, InterfaceError)) or is_read_only(error):
        return NO_DATABASE
    if isinstance(error, StorageFull):
        return STORAGE_FULL
    return NO_STORAGE if isinstance(error, NoStorage) else None


def render_outage(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """Return a response with Retry-After, or None if the error has another cause."""
    outage = find_outage(error)
    if outage is None:
        return None
    if outage is not NO_DATABASE:  # its connection logs that once
        logger.error("%s: %s", outage.code, error)
    response = render_error(request, outage.status, outage.code, outage.detail)
    response.headers["Retry-After"] = str(outage.retry_after_s)
    return response


class OutageMiddleware(Middleware):
    """Answers 503 or 507 with Retry-After instead of 500."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return render_outage(request, error)
