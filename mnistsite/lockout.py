"""Callables of django-axes, which locks logins after repeated failures."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mnistsite.errors import render_error

MAX_USERNAME_LENGTH = 255  # of the column in django-axes


def get_username(_request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return str((credentials or {}).get("username") or "")[:MAX_USERNAME_LENGTH]


def hide_client(*_: object) -> str:
    """Return what the log shows instead of a user name and an address."""
    return "somebody"


def render_lockout(
    request: HttpRequest, _response: HttpResponse | None, _credentials: dict[str, Any] | None
) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = (
        f"This user name is locked here after {settings.AXES_FAILURE_LIMIT} failed logins. "
        f"Try again in {minutes} minutes, or ask the site's administrator to unlock it."
    )
    response = render_error(request, 429, "locked_out", detail)
    response.headers["Retry-After"] = str(60 * minutes)
    return response
