"""The language that is answered in."""

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

STAFF = "/admin/"


class VisitorLanguageMiddleware(LocaleMiddleware):
    """The visitor's or, of the staff's pages, which are not translated, English."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(STAFF):
            translation.activate("en")
        else:
            super().process_request(request)
