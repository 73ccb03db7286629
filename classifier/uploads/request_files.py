"""The pictures in a request, and the HTTP status that fits what is wrong with one."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_noop

from classifier.recognition.imaging import ImageError, without_appended

FIELD = "image"
ARCHIVE = "archive"
MOST_FILES = 10
STATUS = {
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_pixels": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def status(error: ImageError) -> HTTPStatus:
    return STATUS.get(error.code, HTTPStatus.BAD_REQUEST)


def from_files(files: "MultiValueDict[str, Any]") -> bytes:
    """The content of the one file in the field. Raises ImageError."""
    found = files.getlist(FIELD)
    if not found:
        message = gettext_noop("Send one picture as a file in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=FIELD)
    if len(found) > 1 or len(files) > 1:
        message = gettext_noop("Send one picture at a time, in the field '%(field)s'.")
        raise ImageError("too_many_files", message, field=FIELD)
    return from_body(found[0].read())


def each_from_files(files: "MultiValueDict[str, Any]") -> tuple[list[str], list[bytes]]:
    """The names and the contents of the files in the field. Raises ImageError."""
    found = files.getlist(FIELD)
    if not found or len(files) > 1:
        message = gettext_noop("Send the pictures as files in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=FIELD)
    if len(found) > MOST_FILES:
        raise too_many_files()
    return [str(file.name) for file in found], [from_body(file.read()) for file in found]


def archive_from_files(files: "MultiValueDict[str, Any]") -> bytes:
    """The content of the one file in the field of archives. Raises ImageError."""
    found = files.getlist(ARCHIVE)
    if len(found) != 1 or len(files) > 1:
        message = "Send one archive as a file in the field '%(field)s'."
        raise ImageError("missing_field", message, field=ARCHIVE)
    return within_limit(found[0].read())


def from_body(body: bytes) -> bytes:
    """Return the body's picture, without what is appended to it. Raises ImageError."""
    return without_appended(within_limit(body))


def within_limit(body: bytes) -> bytes:
    """Return the body unchanged. Raises ImageError if it is too large."""
    if len(body) > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    return body


def too_many_files() -> ImageError:
    message = gettext_noop("At most %(n)s files are taken at once.")
    return ImageError("too_many_files", message, n=MOST_FILES)


def too_large() -> ImageError:
    message = gettext_noop("The file is too large. At most %(n)s MB are taken.")
    return ImageError("too_large", message, n=settings.MAX_UPLOAD_MB)
