"""Limits of requests per second, by address or by user, over all processes."""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop
from rest_framework.throttling import BaseThrottle

from classifier.access import budgets, visitors
from classifier.uploads import request_files

TOO_MANY = gettext_noop(
    "Your address has sent too many requests. Wait a second and send this one again."
)

View = Callable[..., HttpResponse]


class AddressThrottle(BaseThrottle):
    """A limit that counts the pictures of a request, if its view has `count_pictures`.

    A request with more pictures than are ever allowed counts as the maximum, so it can pass.
    """

    scope = "predict"
    requests: int = settings.PREDICT_PER_SECOND
    seconds = 1.0

    def allow_request(self, request: Any, view: Any) -> bool:
        pictures = view.count_pictures(request) if hasattr(view, "count_pictures") else 1
        share = max(1, min(pictures, self.requests)) / self.requests
        owner = f"{self.scope} {self.identify(request)}"
        visitor = visitors.get_visitor(request)
        self._wait_s = budgets.take(owner, visitor, share, self.seconds)
        return not self._wait_s

    def identify(self, request: Any) -> str:
        return str(request.META["REMOTE_ADDR"])

    def wait(self) -> float:
        """Return the seconds until this request would be allowed."""
        return self._wait_s


class PreviewThrottle(AddressThrottle):
    """A limit of its own for the previews that a page requests while somebody draws."""

    scope = "preview"


class PictureThrottle(AddressThrottle):
    """A limit for pictures that are expensive to render. A page may show many of them."""

    scope = "look"
    requests = 3 * settings.PREDICT_PER_SECOND


class UserThrottle(AddressThrottle):
    """A limit for each user, or for each address without a login."""

    scope = "user"
    requests = 50

    def identify(self, request: Any) -> str:
        return str(request.user.pk or super().identify(request))


class _FormView:
    """A view that counts the pictures of a form, as those of the API do."""

    @staticmethod
    def count_pictures(request: HttpRequest) -> int:
        return len(request.FILES.getlist(request_files.FIELD))


def throttled(view: View, throttle: type[AddressThrottle] = AddressThrottle) -> View:
    """Limit the requests of a page, which count together with those of the API."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        limit = throttle()
        if limit.allow_request(request, _FormView):
            return view(request, *args, **kwargs)
        page = render(request, "error.html", {"detail": gettext(TOO_MANY)}, status=429)
        page.headers["Retry-After"] = str(math.ceil(limit.wait()))
        return page

    return wrapper
