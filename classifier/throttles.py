"""How many pictures one address may send a second.

Each process counts for itself, which costs next to nothing; nginx counts for all of them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.throttling import SimpleRateThrottle

TOO_MANY = "That was too much at once from your address. Wait a second and send it again."

View = Callable[..., HttpResponse]


class PerAddress(SimpleRateThrottle):
    scope = "predict"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"{self.scope}_{request.META['REMOTE_ADDR']}"


def throttled(view: View) -> View:
    """The same for a page, in one count with the API."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if PerAddress().allow_request(request, view):  # type: ignore[arg-type]
            return view(request, *args, **kwargs)
        page = render(request, "error.html", {"detail": TOO_MANY}, status=429)
        page.headers["Retry-After"] = "1"
        return page

    return guarded
