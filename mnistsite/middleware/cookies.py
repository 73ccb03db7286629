"""Drop cookies that the database could not store."""

from django.http import HttpRequest, HttpResponse

from mnistsite.middleware import Middleware


class CookieMiddleware(Middleware):
    """Ignores cookies with a NUL, which no text in PostgreSQL can hold.

    This site never sets such a cookie, and a visitor could do nothing about an error.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.COOKIES = {
            name: value for name, value in request.COOKIES.items() if "\0" not in value
        }
        return self.get_response(request)
