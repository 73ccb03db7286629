"""The pictures in a request, and the HTTP status that fits what is wrong with one."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_noop

from classifier.recognition.imaging import ImageError, without_appended

FIELD = "image"
ARCHIVE = "archive"
MAX_FILES = 10
STATUS = {
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_pixels": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def get_status(error: ImageError) -> HTTPStatus:
    return STATUS.get(error.code, HTTPStatus.BAD_REQUEST)


def read_file(files: "MultiValueDict[str, Any]") -> bytes:
    """The content of the one file in the field. Raises ImageError."""
    found = files.getlist(FIELD)
    if not found:
        message = gettext_noop("Send one picture as a file in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=FIELD)
    if len(found) > 1 or len(files) > 1:
        message = gettext_noop("Send one picture at a time, in the field '%(field)s'.")
        raise ImageError("too_many_files", message, field=FIELD)
    return read_body(found[0].read())


def read_files(files: "MultiValueDict[str, Any]") -> tuple[list[str], list[bytes]]:
    """The names and the contents of the files in the field. Raises ImageError."""
    found = files.getlist(FIELD)
    if not found or len(files) > 1:
        message = gettext_noop("Send the pictures as files in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=FIELD)
    if len(found) > MAX_FILES:
        raise build_too_many_files_error()
    return [str(file.name) for file in found], [read_body(file.read()) for file in found]


def read_archive(files: "MultiValueDict[str, Any]") -> bytes:
    """The content of the one file in the field of archives. Raises ImageError."""
    found = files.getlist(ARCHIVE)
    if len(found) != 1 or len(files) > 1:
        message = "Send one archive as a file in the field '%(field)s'."
        raise ImageError("missing_field", message, field=ARCHIVE)
    return check_size(found[0].read())


def read_body(body: bytes) -> bytes:
    """Return the body's picture, without what is appended to it. Raises ImageError."""
    return without_appended(check_size(body))


def check_size(body: bytes) -> bytes:
    """Return the body unchanged. Raises ImageError if it is too large."""
    if len(body) > settings.MAX_UPLOAD_BYTES:
        raise build_too_large_error()
    return body


def build_too_many_files_error() -> ImageError:
    message = gettext_noop("At most %(n)s files are taken at once.")
    return ImageError("too_many_files", message, n=MAX_FILES)


def build_too_large_error() -> ImageError:
    message = gettext_noop("The file is too large. At most %(n)s MB are taken.")
    return ImageError("too_large", message, n=settings.MAX_UPLOAD_MB)
