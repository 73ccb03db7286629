"""What monitors ask: whether the process lives, whether it can serve, and its figures."""

import logging
from uuid import UUID

from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from classifier.registry import serving
from classifier.registry.serving import NoModel
from classifier.uploads import media_store
from classifier.uploads.storage import NoStorage
from mnistsite.middleware.guards import GetResponse
from mnistsite.middleware.outages import NO_DATABASE, NO_STORAGE, Outage, find_outage
from mnistsite.observability import metrics
from mnistsite.observability.deadline import Bounded

logger = logging.getLogger(__name__)

READY_WITHIN_S = 1.5
SAFE = ("GET", "HEAD")
# A lock of a row is a write that leaves nothing behind.
LOCK_CHAMPION = "SELECT 1 FROM model_versions WHERE state = 'champion' FOR KEY SHARE"
# Sorting more than fits into `work_mem` takes 200 kB of the server's disk for a moment.
FILL_DISK = (
    "SELECT count(*) FROM (SELECT md5(n::text) FROM generate_series(1, 4000) n ORDER BY 1) s"
)


class MonitorMiddleware:
    """Answers by whatever host and scheme it is asked, and before there is a session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = ANSWERS.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        return answer(request) if request.method in SAFE else HttpResponseNotAllowed(SAFE)


def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 if model, database and media serve, and otherwise name each that does not."""
    failed: dict[str, Outage] = {}
    model, store_id = "", None
    finish_database, finish_media = _database.start(), _media.start()
    try:
        model, store_id = finish_database()
    except NoModel as error:
        failed["model"] = find_outage(error) or NO_DATABASE
    except (Error, TimeoutError) as error:
        failed["database"] = find_outage(error) or NO_DATABASE
    try:
        marked = finish_media()
        if marked and not failed:
            media_store.check_ids(store_id, marked)
    except (NoStorage, TimeoutError) as error:
        logger.error("Media: %s", error or "no answer")
        failed["media"] = find_outage(error) or NO_STORAGE
    return _unready(failed) if failed else JsonResponse({"status": "ready", "model": model})


def _check_database() -> tuple[str, UUID | None]:
    """Write to the database; return the name of the model in service and the media store's ID."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute(FILL_DISK)
        cursor.execute(LOCK_CHAMPION)
    return serving.champion.get().version.name, media_store.get_store_id()


_database = Bounded(_check_database, READY_WITHIN_S)
_media = Bounded(media_store.probe_storage, READY_WITHIN_S)


def _unready(failed: dict[str, Outage]) -> HttpResponse:
    first, *_ = failed.values()
    content = {
        "code": first.code,
        "detail": " ".join(outage.detail for outage in failed.values()),
        "failed": {name: outage.code for name, outage in failed.items()},
    }
    return JsonResponse(content, status=503)


def figures(request: HttpRequest) -> HttpResponse:
    content, media_type = metrics.exposition(request.headers.get("Accept", ""))
    return HttpResponse(content, content_type=media_type)


ANSWERS = {"/healthz": healthz, "/readyz": readyz, "/metrics": figures}
