"""Refuse requests of programs without HTTPS."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from mnistsite.errors import render_error
from mnistsite.middleware import Middleware


class HttpsMiddleware(Middleware):
    """Answers 403 where SecurityMiddleware redirects pages.

    A program would follow a redirect, and nobody would notice that it sends its token unencrypted.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and _is_exempt(request):
            detail = gettext_noop("Use https: what you have just sent was not encrypted.")
            return render_error(request, 403, "https_required", detail)
        return self.get_response(request)


def _is_exempt(request: HttpRequest) -> bool:
    path = request.path.lstrip("/")
    return any(re.search(pattern, path) for pattern in settings.SECURE_REDIRECT_EXEMPT)
