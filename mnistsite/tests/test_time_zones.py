"""Staff pages show times in the time zone that a cookie names."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from mnistsite.middleware.time_zones import ReaderTimeZoneMiddleware


@pytest.mark.parametrize(
    ("path", "cookie", "zone"),
    [
        ("/admin/", "Europe/Berlin", "Europe/Berlin"),
        ("/admin/", "", "UTC"),
        ("/admin/", "Europe/Nowhere", "UTC"),
        ("/admin/", "../../etc/passwd", "UTC"),
        ("/mine", "Europe/Berlin", "UTC"),
    ],
)
def test_time_zone_comes_from_a_valid_cookie(
    rf: RequestFactory, path: str, cookie: str, zone: str
) -> None:
    request = rf.get(path)
    request.COOKIES["timezone"] = cookie
    middleware = ReaderTimeZoneMiddleware(
        lambda _: HttpResponse(timezone.get_current_timezone_name())
    )

    assert middleware(request).text == zone
    assert timezone.get_current_timezone_name() == "UTC"
