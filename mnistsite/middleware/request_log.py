"""Give each request an id for the log, and count and time it by its route."""

import time

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from classifier.monitoring import request_id
from mnistsite.middleware import Middleware
from mnistsite.observability import metrics
from mnistsite.observability.routes import get_route

# Keys of the WSGI environment, where gunicorn's access log finds them.
REQUEST_ID = "mnistsite.request_id"
ROUTE = "mnistsite.route"


class RequestLogMiddleware(Middleware):
    def __call__(self, request: HttpRequest) -> HttpResponse:
        started_at = time.perf_counter()
        # Only nginx is trusted to send an id: a client could send that of another request.
        header = request.headers.get("X-Request-ID", "") if settings.BEHIND_NGINX else ""
        request.META[REQUEST_ID] = request_id.bind(header)
        response = self.get_response(request)
        request.META[ROUTE] = get_route(request)
        response.headers["X-Request-ID"] = request.META[REQUEST_ID]
        seconds = time.perf_counter() - started_at
        metrics.count_request(
            request.method or "", request.META[ROUTE], response.status_code, seconds
        )
        return response


# Django logs failed requests after the last middleware, and the server after that.
@receiver(request_finished)
def _clear_request_id(**_: object) -> None:
    request_id.clear()
