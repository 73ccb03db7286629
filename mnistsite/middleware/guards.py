"""Guards around every request: its size, its cookies, and the failure of what it needs."""

import logging
from collections.abc import Callable
from typing import BinaryIO

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from classifier.uploads import request_files
from mnistsite.errors import failure
from mnistsite.middleware.outages import NO_DATABASE, find_outage

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

# Multipart adds a little to the file that it carries.
SLACK_BYTES = 64 * 1024
DRAIN_AT_MOST_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


class BodyLimitMiddleware:
    """Answers 413 before anything is parsed or kept."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.headers.get("Transfer-Encoding"):
            detail = gettext_noop("Send the file with a Content-Length and not in chunks.")
            return failure(request, 411, "length_required", detail)
        length = content_length(request)
        if length <= settings.MAX_UPLOAD_BYTES + SLACK_BYTES:
            return self.get_response(request)
        drain(request.META["wsgi.input"], length)
        error = request_files.build_too_large_error()
        return failure(request, request_files.get_status(error), error.code, error.detail)


def content_length(request: HttpRequest) -> int:
    """Return the length of the body in bytes, or 0 where the header is missing or malformed."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return int(length) if length.isdecimal() else 0


def drain(body: BinaryIO, length: int) -> None:
    """A client that is still sending when the connection closes never reads the answer."""
    left = min(length, DRAIN_AT_MOST_BYTES)
    while left > 0 and (chunk := body.read(min(left, CHUNK_BYTES))):
        left -= len(chunk)


class CookieMiddleware:
    """Ignores cookies with a NUL, which no text in PostgreSQL can hold.

    Nobody here has set them, and a browser that has one could do nothing about an error.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.COOKIES = {
            name: value for name, value in request.COOKIES.items() if "\0" not in value
        }
        return self.get_response(request)


class UnavailableMiddleware:
    """Answers 503 or 507 while the database, the model or the store of files fails."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        outage = find_outage(error)
        if outage is None:
            return None
        if outage is not NO_DATABASE:  # which its connection logs, once
            logger.error("%s: %s", outage.code, error)
        response = failure(request, outage.status, outage.code, outage.detail)
        response.headers["Retry-After"] = str(outage.retry_after_s)
        return response
