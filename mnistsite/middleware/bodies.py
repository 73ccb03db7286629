"""Limit the size of request bodies, and free their memory early."""

import gc
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.translation import gettext_noop

from classifier.uploads import request_files
from mnistsite.errors import render_error
from mnistsite.middleware import Middleware

# Multipart adds a little to the file that it carries.
MULTIPART_BYTES = 64 * 1024
DRAIN_AT_MOST_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
LARGE_BYTES = 256 * 1024


def content_length(request: HttpRequest) -> int:
    """Return the length of the body in bytes, or 0 if the header is missing or malformed."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() else 0


class BodyLimitMiddleware(Middleware):
    """Answers 413 or 411 before a body is parsed or stored."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.headers.get("Transfer-Encoding"):
            detail = gettext_noop("Send the file with a Content-Length and not in chunks.")
            return render_error(request, 411, "length_required", detail)
        length = content_length(request)
        if length <= settings.MAX_UPLOAD_BYTES + MULTIPART_BYTES:
            response = self.get_response(request)
            if length and response.status_code >= 400:
                _drain(request, length)
            return response
        _drain(request, length)
        error = request_files.build_too_large_error()
        detail = request_files.translate_error(error)
        return render_error(request, request_files.get_status(error), error.code, detail)


def _drain(request: HttpRequest, length: int) -> None:
    """Read what is left of the body.

    A client that is still sending when the connection closes never reads the response.
    """
    left = min(length, DRAIN_AT_MOST_BYTES)
    with suppress(UnreadablePostError):
        while left > 0 and (chunk := request.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)


class BodyReleaseMiddleware(Middleware):
    """Collects garbage after each large body.

    Django REST framework's view and request refer to each other, and so do an exception and the
    frames of its traceback. Without this, a body in such a cycle lives until Python's next full
    collection, which is hundreds of requests away. wsgi.py freezes the objects that exist at the
    start, so a collection takes less than a millisecond.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            if content_length(request) > LARGE_BYTES:
                gc.collect()
