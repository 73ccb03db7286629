"""Recognise pictures without the middleware of pages."""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve

from mnistsite.middleware import Middleware
from mnistsite.middleware.outages import render_outage

PATHS = ("/api/predict", "/api/predict/many", "/api/preview")


class RecognitionMiddleware(Middleware):
    """Calls the views that read pictures; these need no session, user or CSRF token.

    Anything but a plain POST takes the usual way.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_plain = request.method == "POST" and not request.META.get("QUERY_STRING")
        if not is_plain or request.path_info not in PATHS:
            return self.get_response(request)
        request.resolver_match = _resolve(request.path_info)
        try:
            response: HttpResponse = request.resolver_match.func(request)
            return response
        except Exception as error:
            outage = render_outage(request, error)
            if outage is None:
                raise
            return outage


@lru_cache
def _resolve(path: str) -> ResolverMatch:
    return resolve(path)
