"""Which browser sent what: by a cookie that only those have who have sent something."""

from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from classifier.models import Upload

COOKIE = "visitor"
A_YEAR_S = 365 * 24 * 3600


def known(request: HttpRequest) -> UUID | None:
    """None of who has sent nothing, or whose cookie nobody here has made."""
    try:
        return UUID(request.COOKIES.get(COOKIE, ""))
    except ValueError:
        return None


def known_or_new(request: HttpRequest) -> UUID:
    return known(request) or uuid4()


def remember(response: HttpResponse, visitor: UUID) -> None:
    """For a year from now on."""
    response.set_cookie(
        COOKIE,
        str(visitor),
        max_age=A_YEAR_S,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def is_sender(request: HttpRequest, upload: Upload) -> bool:
    visitor = known(request)
    return visitor is not None and visitor == upload.visitor
