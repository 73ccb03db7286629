"""Who fails to log in too often: by which name that is counted, and what they get to see."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mnistsite.errors import failure

# A user name has 150 characters at most; the column that axes keeps it in has 255.
LONGEST_NAME = 255


def counted_name(_request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return str((credentials or {}).get("username") or "")[:LONGEST_NAME]


def nobody(*_: object) -> str:
    """What axes calls whoever fails to log in, in the log."""
    return "somebody"


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, _credentials: dict[str, Any] | None
) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = (
        f"Logging in has failed {settings.AXES_FAILURE_LIMIT} times from here for this user name, "
        f"so it is locked. Try again in {minutes} minutes, or ask whoever runs this site to unlock "
        "it."
    )
    told = failure(request, 429, "locked_out", detail)
    told.headers["Retry-After"] = str(60 * minutes)
    return told
