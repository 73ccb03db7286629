"""Treat users without their second factor as logged out."""

from functools import partial
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from classifier.access import second_factor
from mnistsite.middleware import Middleware


class SecondFactorMiddleware(Middleware):
    """Replaces a user whose second factor is missing by an anonymous one.

    Pages, the API and the admin all check `request.user`, so none of them can be forgotten. The
    page that asks for the code finds the user in `request.unverified_user`.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        request.user = SimpleLazyObject(partial(_hide_unverified, request, user))  # type: ignore[assignment]
        request.unverified_user = SimpleLazyObject(partial(_find_unverified, request, user))  # type: ignore[attr-defined]
        return self.get_response(request)


def _hide_unverified(request: HttpRequest, user: Any) -> Any:
    return AnonymousUser() if second_factor.is_missing(request, user) else user


def _find_unverified(request: HttpRequest, user: Any) -> Any:
    return user if second_factor.is_missing(request, user) else None
