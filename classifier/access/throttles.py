"""Limits of requests per second, by address or by user.

Each process counts for itself, which costs next to nothing; nginx counts for all of them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop
from rest_framework.throttling import SimpleRateThrottle, UserRateThrottle

from classifier.uploads import request_files

TOO_MANY = gettext_noop(
    "That was too much at once from your address. Wait a second and send it again."
)

View = Callable[..., HttpResponse]


class WeightedThrottle(SimpleRateThrottle):
    """A throttle that counts the pictures of a request, if its view has `count_pictures`.

    A request with more pictures than are ever allowed counts as the maximum, so it can pass.
    """

    num_requests: int
    duration: int
    history: list[float]
    now: float

    def allow_request(self, request: Any, view: Any) -> bool:
        self.key = self.get_cache_key(request, view)
        self.now = self.timer()
        self.history = self.cache.get(self.key, [])
        while self.history and self.history[-1] <= self.now - self.duration:
            self.history.pop()
        pictures = view.count_pictures(request) if hasattr(view, "count_pictures") else 1
        self.cost = max(1, min(pictures, self.num_requests))
        is_allowed = len(self.history) + self.cost <= self.num_requests
        if is_allowed:
            self.history = [self.now] * self.cost + self.history
            self.cache.set(self.key, self.history, self.duration)
        return is_allowed

    def wait(self) -> float:
        """Return the seconds until this request would be allowed."""
        excess = len(self.history) + self.cost - self.num_requests
        return self.history[-excess] + self.duration - self.now


class AddressThrottle(WeightedThrottle):
    scope = "predict"

    def get_cache_key(self, request: Any, _view: Any) -> str:
        return f"{self.scope}_{request.META['REMOTE_ADDR']}"


class PreviewThrottle(AddressThrottle):
    """A limit of its own for the previews that a page requests while somebody draws."""

    scope = "preview"


class PictureThrottle(AddressThrottle):
    """A limit for pictures that are expensive to render, of which a page may show many."""

    scope = "look"


class UserThrottle(WeightedThrottle, UserRateThrottle):
    """A limit for each user, or for each address without a login."""


class _FormView:
    @staticmethod
    def count_pictures(request: HttpRequest) -> int:
        return len(request.FILES.getlist(request_files.FIELD))


def throttled(view: View, throttle: type[AddressThrottle] = AddressThrottle) -> View:
    """Limit a page; it shares its count with the API."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if throttle().allow_request(request, _FormView):
            return view(request, *args, **kwargs)
        page = render(request, "error.html", {"detail": gettext(TOO_MANY)}, status=429)
        page.headers["Retry-After"] = "1"
        return page

    return wrapper
