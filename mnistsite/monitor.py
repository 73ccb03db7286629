"""What monitors ask: whether the process lives, whether it can serve, and its figures."""

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from classifier import serving
from mnistsite import metrics
from mnistsite.bounded import Bounded
from mnistsite.middleware import NO_DATABASE, GetResponse

READY_WITHIN_S = 1.5
SAFE = ("GET", "HEAD")


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
    try:
        return JsonResponse({"status": "ready", "model": _serving()})
    except serving.NoModel as error:
        return _unready("no_model", str(error))
    except (Error, TimeoutError):
        return _unready("no_database", NO_DATABASE)


def _served() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return serving.champion.get().version.name


_serving = Bounded(_served, READY_WITHIN_S)


def _unready(code: str, detail: str) -> HttpResponse:
    return JsonResponse({"code": code, "detail": detail}, status=503)


def figures(request: HttpRequest) -> HttpResponse:
    content, media_type = metrics.exposition(request.headers.get("Accept", ""))
    return HttpResponse(content, content_type=media_type)


ANSWERS = {"/healthz": healthz, "/readyz": readyz, "/metrics": figures}
