"""Choose the time zone of a response."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from mnistsite.middleware import Middleware

COOKIE = "timezone"  # static/staff.js sets it


class ReaderTimeZoneMiddleware(Middleware):
    """Shows the times of staff pages in the time zone of the reader's browser, or else in UTC."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE, "")
        if not request.path_info.startswith("/admin/") or name not in _list_zones():
            return self.get_response(request)
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)


@cache
def _list_zones() -> frozenset[str]:
    return frozenset(available_timezones())
