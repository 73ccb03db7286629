"""The one picture in a request, and the HTTP status that fits what is wrong with it."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_noop

from classifier.imaging import ImageError

FIELD = "image"
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


def from_body(body: bytes) -> bytes:
    """The body itself as the picture. Raises ImageError."""
    if len(body) > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    return body


def too_large() -> ImageError:
    message = gettext_noop("The file is too large. At most %(n)s MB are taken.")
    return ImageError("too_large", message, n=settings.MAX_UPLOAD_MB)
