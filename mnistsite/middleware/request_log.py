"""Every request gets an id for the log, and is counted and timed by its route."""

import time

from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from classifier.monitoring import request_id
from mnistsite.middleware.guards import GetResponse
from mnistsite.observability import metrics
from mnistsite.observability.routes import route

# In the WSGI environment, where the server's access log finds them.
REQUEST_ID = "mnistsite.request_id"
ROUTE = "mnistsite.route"


class ObservedMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun_at = time.perf_counter()
        # From anybody but nginx it could be another request's.
        given = request.headers.get("X-Request-ID", "") if settings.BEHIND_NGINX else ""
        request.META[REQUEST_ID] = request_id.bind(given)
        response = self.get_response(request)
        request.META[ROUTE] = route(request)
        response.headers["X-Request-ID"] = request.META[REQUEST_ID]
        metrics.observe(
            request.method or "",
            request.META[ROUTE],
            response.status_code,
            time.perf_counter() - begun_at,
        )
        return response


@receiver(request_finished)
def _forget(**_: object) -> None:
    """Django logs what failed when the last middleware has returned, and the server after that."""
    request_id.clear()
