"""Drop cookies that the database could not store or another site may have set."""

from http.cookies import SimpleCookie

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mnistsite.middleware import Middleware

# Browsers accept these names only from this host by HTTPS, and the first only with the path /.
HOST, SECURE = "__Host-", "__Secure-"


class CookieMiddleware(Middleware):
    """Ignores cookies with a NUL, which no text in PostgreSQL can hold, and prefixes all names.

    With HTTPS, a neighbour's site or a forged answer by HTTP can set no cookie of this site. Other
    code uses the names without a prefix.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.COOKIES = _select_cookies(request.COOKIES)
        response = self.get_response(request)
        if settings.HTTPS:
            _add_prefixes(response.cookies)
        return response


def _select_cookies(cookies: dict[str, str]) -> dict[str, str]:
    texts = {name: value for name, value in cookies.items() if "\0" not in value}
    if not settings.HTTPS:
        return texts
    return {
        name.removeprefix(prefix): value
        for name, value in texts.items()
        for prefix in (HOST, SECURE)
        if name.startswith(prefix)
    }


def _add_prefixes(cookies: "SimpleCookie") -> None:
    for name, morsel in [*cookies.items()]:
        del cookies[name]
        morsel["secure"] = True  # a deletion has it only for names with a prefix
        prefix = HOST if morsel["path"] == "/" and not morsel["domain"] else SECURE
        morsel.set(prefix + name, morsel.value, morsel.coded_value)
        cookies[prefix + name] = morsel
