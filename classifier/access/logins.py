"""Protection of the login: browsers that are known, and one password at a time.

A browser in which a user has logged in gets a cookie. Failures of strangers never lock it out, even
where a proxy gives everybody the same address (OWASP's "device cookies").
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address

from django.conf import settings
from django.core.signing import BadSignature
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import get_random_string

COOKIE = "browser"
COOKIE_SALT = "classifier.access.logins"
COOKIE_AGE = timedelta(days=365)
# No host has an address of this network (RFC 6666).
KNOWN_BROWSERS = IPv6Address("100::")
LOCK = 0x6C6F67696E  # "login"
WAIT_S = 5.0
POLL_EVERY_S = 0.1
BUSY = "Somebody else is logging in at this moment. Wait a few seconds and try again."


class LoginBusy(Exception):
    """Another password is being checked."""


def log_in(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the response of the login view, or a 503 if another login is being checked."""
    if request.method != "POST":
        return view()
    try:
        with check_alone(WAIT_S if identify_browser(request) else 0):
            response = view()
    except LoginBusy:
        response = render(
            request, "error.html", {"detail": BUSY, "is_staff_page": True}, status=503
        )
        response.headers["Retry-After"] = "5"
        return response
    if request.user.is_authenticated:
        remember_browser(response, request.user.get_username())
    return response


@contextmanager
def check_alone(wait_s: float) -> Iterator[None]:
    """Let one login at a time hash a password, because that takes a whole core for half a second.

    Raise LoginBusy if another one takes longer than `wait_s`.
    """
    deadline = time.monotonic() + wait_s
    with connection.cursor() as cursor:
        while not _try_lock(cursor):
            if time.monotonic() >= deadline:
                raise LoginBusy
            time.sleep(POLL_EVERY_S)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _try_lock(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    return bool(cursor.fetchone()[0])


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
    """Return what stands for the browser's address if the user has logged in with it before."""
    try:
        value = request.get_signed_cookie(COOKIE, salt=COOKIE_SALT, max_age=COOKIE_AGE)
    except (KeyError, BadSignature):
        return None
    number, _, username = str(value).partition(":")
    if username != request.POST.get("username"):
        return None
    return KNOWN_BROWSERS + int.from_bytes(sha256(number.encode()).digest()[:8])
