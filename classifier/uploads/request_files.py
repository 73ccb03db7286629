"""Reading pictures and archives from a request, and the HTTP status of their errors."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext, gettext_noop

from classifier.recognition.imaging import ImageError, remove_trailing_data

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


def translate_error(error: ImageError) -> str:
    """Return the message in the current language."""
    return gettext(error.message) % {
        name: gettext(str(value)) for name, value in error.values.items()
    }


def read_file(files: "MultiValueDict[str, Any]") -> bytes:
    """Return the picture in the field. Raise ImageError unless there is exactly one file."""
    uploaded = files.getlist(FIELD)
    if not uploaded:
        message = gettext_noop("Send one picture as a file in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=FIELD)
    if len(uploaded) > 1 or len(files) > 1:
        message = gettext_noop("Send one picture at a time, in the field '%(field)s'.")
        raise ImageError("too_many_files", message, field=FIELD)
    return read_body(uploaded[0].read())


def read_files(files: "MultiValueDict[str, Any]") -> tuple[list[str], list[bytes]]:
    """Return the names and the contents of the pictures in the field.

    Raise ImageError if there are none or too many, or if one is too large.
    """
    uploaded = files.getlist(FIELD)
    if not uploaded or len(files) > 1:
        message = gettext_noop("Send the pictures as files in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=FIELD)
    if len(uploaded) > MAX_FILES:
        raise build_too_many_files_error()
    return [str(file.name) for file in uploaded], [read_body(file.read()) for file in uploaded]


def read_archive(files: "MultiValueDict[str, Any]") -> bytes:
    """Return the archive in its field. Raise ImageError unless there is exactly one file."""
    uploaded = files.getlist(ARCHIVE)
    if len(uploaded) != 1 or len(files) > 1:
        message = gettext_noop("Send one archive as a file in the field '%(field)s'.")
        raise ImageError("missing_field", message, field=ARCHIVE)
    return check_size(uploaded[0].read())


def read_body(body: bytes) -> bytes:
    """Return the picture without data after its end. Raise ImageError if it is too large."""
    return remove_trailing_data(check_size(body))


def check_size(body: bytes) -> bytes:
    """Return the body unchanged. Raise ImageError if it is too large."""
    if len(body) > settings.MAX_UPLOAD_BYTES:
        raise build_too_large_error()
    return body


def build_too_many_files_error() -> ImageError:
    message = gettext_noop("These are too many files. Send at most %(n)s at once.")
    return ImageError("too_many_files", message, n=MAX_FILES)


def build_too_large_error() -> ImageError:
    message = gettext_noop("The file is too large. Send at most %(n)s MB.")
    return ImageError("too_large", message, n=settings.MAX_UPLOAD_MB)
