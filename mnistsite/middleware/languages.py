"""Choose the language of a response."""

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation


class VisitorLanguageMiddleware(LocaleMiddleware):
    """Uses the visitor's language, but English in the admin, which is not translated."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith("/admin/"):
            translation.activate("en")
        else:
            super().process_request(request)
