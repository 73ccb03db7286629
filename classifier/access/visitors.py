"""The cookie that identifies a visitor's browser. It is set with the first upload."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from classifier.models import Upload

COOKIE = "visitor"
YEAR_S = 365 * 24 * 3600


def get_visitor(request: HttpRequest) -> UUID | None:
    """Return the id of the browser, or None if it has no valid cookie."""
    try:
        return UUID(request.COOKIES.get(COOKIE, ""))
    except ValueError:
        return None


def set_cookie(response: HttpResponse, visitor: UUID) -> None:
    response.set_cookie(
        COOKIE,
        str(visitor),
        max_age=YEAR_S,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def is_sender(request: HttpRequest, upload: Upload) -> bool:
    visitor = get_visitor(request)
    return visitor is not None and visitor == upload.visitor
