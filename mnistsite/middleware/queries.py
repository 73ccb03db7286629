"""Refuse query parameters that an address of the API does not have."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.api import queries
from mnistsite.middleware import Middleware


class QueryMiddleware(Middleware):
    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if not request.path.startswith("/api/") or not request.GET:
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        problem = queries.find_problem(name, request.GET)
        return problem.to_response() if problem else None
