"""Hooks of django-axes, which locks logins after repeated failures."""

from ipaddress import IPv6Address
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from mnistsite.errors import render_error

MAX_USERNAME_LENGTH = 255  # of the column in django-axes
# Failures in AXES_COOLOFF_TIME. The limit of a name at one address is AXES_FAILURE_LIMIT.
MAX_PER_ADDRESS = 50
MAX_PER_NAME = 100


class LockoutHandler(AxesDatabaseHandler):  # type: ignore[misc]  # it has no types
    """Counts failures by name and address, by address, and by name.

    A known browser has only the first limit, with its own count.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return the highest of the counts, each in proportion to AXES_FAILURE_LIMIT."""
        both: int = super().get_failures(request, credentials)
        if get_browser(request):
            return both
        address = _count_failures(request, Q(ip_address=identify_client(request)))
        name = _count_failures(request, Q(username=get_username(request, credentials)))
        limit: int = settings.AXES_FAILURE_LIMIT
        return max(both, limit * address // MAX_PER_ADDRESS, limit * name // MAX_PER_NAME)


def _count_failures(request: HttpRequest, condition: Q) -> int:
    recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))
    count: int | None = recent.filter(condition).aggregate(sum=Sum("failures_since_start"))["sum"]
    return count or 0


def identify_client(request: HttpRequest) -> str | None:
    """Return the client's address or, for a known browser, one of its own."""
    browser = get_browser(request)
    return str(browser) if browser else request.META.get("REMOTE_ADDR")


def get_browser(request: HttpRequest) -> IPv6Address | None:
    """Return the address that stands for a known browser, which the login view has stored."""
    return getattr(request, "browser", None)


def get_username(_request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return str((credentials or {}).get("username") or "")[:MAX_USERNAME_LENGTH]


def hide_client(*_: object) -> str:
    """Return what the log shows instead of a user name and an address."""
    return "somebody"


def render_lockout(
    request: HttpRequest, _response: HttpResponse | None, _credentials: dict[str, Any] | None
) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = gettext(
        "Too many logins have failed for this user name or from this address. "
        "Try again in %(minutes)s minutes, or ask the site's administrator to unlock it."
    )
    response = render_error(request, 429, "locked_out", detail % {"minutes": minutes})
    response.headers["Retry-After"] = str(60 * minutes)
    return response
