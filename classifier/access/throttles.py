"""How much one address or one member of staff may ask for a second, and what is left of it.

Each process counts for itself, which costs next to nothing; nginx counts for all of them.
"""

from collections.abc import Callable
from functools import wraps
from math import ceil
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
    """Counts a request as one or, where its view has `pictures(request)`, as that many.

    More than are allowed at all count as all: with nothing before them they pass.
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
        pictures = view.pictures(request) if hasattr(view, "pictures") else 1
        self.cost = max(1, min(pictures, self.num_requests))
        allowed = len(self.history) + self.cost <= self.num_requests
        if allowed:
            self.history = [self.now] * self.cost + self.history
            self.cache.set(self.key, self.history, self.duration)
        _tell(self, view)
        return allowed

    def wait(self) -> float:
        """Until so many are past that there is room for this request."""
        too_many = len(self.history) + self.cost - self.num_requests
        return self.history[-too_many] + self.duration - self.now

    def until_reset(self) -> int:
        return ceil(self.history[-1] + self.duration - self.now) if self.history else 0


def _tell(throttle: WeightedThrottle, view: Any) -> None:
    """In the fields of draft-ietf-httpapi-ratelimit-headers; pages have none."""
    if hasattr(view, "headers"):
        of, left = throttle.scope, throttle.num_requests - len(throttle.history)
        view.headers["RateLimit-Policy"] = f'"{of}";q={throttle.num_requests};w={throttle.duration}'
        view.headers["RateLimit"] = f'"{of}";r={left};t={throttle.until_reset()}'


class AddressThrottle(WeightedThrottle):
    scope = "predict"

    def get_cache_key(self, request: Any, _view: Any) -> str:
        return f"{self.scope}_{request.META['REMOTE_ADDR']}"


class PreviewThrottle(AddressThrottle):
    """As many again, as they are asked for while somebody draws."""

    scope = "preview"


class PictureThrottle(AddressThrottle):
    """For pictures that take work to show, of which a page may have many."""

    scope = "look"


class UserThrottle(WeightedThrottle, UserRateThrottle):
    """Or for each address, of those who have not logged in."""


class _Form:
    @staticmethod
    def pictures(request: HttpRequest) -> int:
        return len(request.FILES.getlist(request_files.FIELD))


def throttled(view: View, by: type[AddressThrottle] = AddressThrottle) -> View:
    """The same for a page, in one count with the API."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if by().allow_request(request, _Form):
            return view(request, *args, **kwargs)
        page = render(request, "error.html", {"detail": gettext(TOO_MANY)}, status=429)
        page.headers["Retry-After"] = "1"
        return page

    return guarded
