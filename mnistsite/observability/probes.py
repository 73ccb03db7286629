"""Endpoints for monitors: /healthz, /readyz and /metrics."""

import logging
from uuid import UUID

from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from classifier.registry import serving
from classifier.registry.serving import NoModel
from classifier.uploads import media_store
from classifier.uploads.storage import NoStorage
from mnistsite.middleware import Middleware
from mnistsite.middleware.outages import NO_DATABASE, NO_STORAGE, Outage, find_outage
from mnistsite.observability import metrics
from mnistsite.observability.deadline import WithDeadline

logger = logging.getLogger(__name__)

CHECK_WITHIN_S = 1.5
SAFE_METHODS = ("GET", "HEAD")
# A row lock is a write that leaves nothing behind.
LOCK_CHAMPION = "SELECT 1 FROM model_versions WHERE state = 'champion' FOR KEY SHARE"
# Sorting more than fits into `work_mem` uses 200 kB of the server's disk for a moment.
FILL_DISK = (
    "SELECT count(*) FROM (SELECT md5(n::text) FROM generate_series(1, 4000) n ORDER BY 1) s"
)


class MonitorMiddleware(Middleware):
    """Answers monitors for any host name and scheme, without a session."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = VIEWS.get(request.path_info)
        if view is None:
            return self.get_response(request)
        if request.method not in SAFE_METHODS:
            return HttpResponseNotAllowed(SAFE_METHODS)
        return view(request)


def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 if model, database and media work, else 503 with a code for each that fails."""
    failed: dict[str, Outage] = {}
    model, store_id = "", None
    get_database, get_marker = _check_database.start(), _read_marker.start()
    try:
        model, store_id = get_database()
    except NoModel as error:
        failed["model"] = find_outage(error) or NO_DATABASE
    except (Error, TimeoutError) as error:
        failed["database"] = find_outage(error) or NO_DATABASE
    try:
        marker = get_marker()
        if marker and not failed:
            media_store.check_ids(store_id, marker)
    except (NoStorage, TimeoutError) as error:
        logger.error("Media: %s", error or "no answer")
        failed["media"] = find_outage(error) or NO_STORAGE
    if not failed:
        return JsonResponse({"status": "ready", "model": model})
    first, *_ = failed.values()
    content = {
        "code": first.code,
        "detail": " ".join(outage.detail for outage in failed.values()),
        "failed": {name: outage.code for name, outage in failed.items()},
    }
    return JsonResponse(content, status=503)


def write_to_database() -> tuple[str, UUID | None]:
    """Write to the database; return the champion's name and the media store's id."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(FILL_DISK)
        cursor.execute(LOCK_CHAMPION)
    return serving.champion.get().version.name, media_store.get_store_id()


_check_database = WithDeadline(write_to_database, CHECK_WITHIN_S)
_read_marker = WithDeadline(media_store.probe_storage, CHECK_WITHIN_S)


def export_metrics(request: HttpRequest) -> HttpResponse:
    content, media_type = metrics.format_metrics(request.headers.get("Accept", ""))
    return HttpResponse(content, content_type=media_type)


VIEWS = {"/healthz": healthz, "/readyz": readyz, "/metrics": export_metrics}
