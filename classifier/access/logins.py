"""Protection of the login: known browsers, and one password check at a time.

A browser in which a user has logged in gets a cookie. Failed logins of strangers never lock it out,
even where a proxy gives everybody the same address (OWASP's "device cookies").
"""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address

from axes.models import AccessAttempt
from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext, gettext_noop

from classifier.models.locks import LockTimeout, session_lock

COOKIE = "browser"
COOKIE_SALT = "classifier.access.logins"
COOKIE_AGE = timedelta(days=365)
# No host has an address of this network (RFC 6666).
KNOWN_BROWSERS = IPv6Address("100::")
LOCK = "login"
WAIT_S = 5.0
BUSY = gettext_noop("Somebody else is logging in at this moment. Wait a few seconds and try again.")


def log_in(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the response of the login view, or a 503 if another login is being checked.

    One login at a time hashes a password, because that takes a whole core for half a second.
    """
    if request.method != "POST":
        return view()
    browser = request.browser = identify_browser(request)  # type: ignore[attr-defined]
    try:
        with session_lock(LOCK, WAIT_S if browser else 0):
            response = view()
    except LockTimeout:
        response = render(request, "error.html", {"detail": gettext(BUSY)}, status=503)
        response.headers["Retry-After"] = "5"
        return response
    if request.user.is_authenticated:
        remember_browser(response, request.user.get_username())
    return response


def remember_browser(response: HttpResponse, username: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        f"{get_random_string(22)}:{username}",
        salt=COOKIE_SALT,
        max_age=COOKIE_AGE,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def identify_browser(request: HttpRequest) -> IPv6Address | None:
    """Return an address that stands for the browser if its user has logged in with it before."""
    try:
        value = request.get_signed_cookie(COOKIE, salt=COOKIE_SALT, max_age=COOKIE_AGE)
    except (KeyError, BadSignature):
        return None
    number, _, username = str(value).partition(":")
    if username != request.POST.get("username"):
        return None
    return KNOWN_BROWSERS + int.from_bytes(sha256(number.encode()).digest()[:8])


def purge_attempts() -> None:
    """Delete the failed logins that lock nobody out any more."""
    limit = timezone.now() - settings.AXES_COOLOFF_TIME
    AccessAttempt.objects.filter(attempt_time__lt=limit).delete()
