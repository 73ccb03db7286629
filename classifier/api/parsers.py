"""Parsers of request bodies."""

from io import BytesIO
from typing import Any

from django.core.exceptions import TooManyFilesSent
from django.utils.translation import gettext_lazy
from rest_framework import parsers, status
from rest_framework.exceptions import APIException

from classifier.uploads import request_files

# A thousand labels take a tenth of it. Python's objects are up to twenty times as large.
MAX_JSON_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


class JsonTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = gettext_lazy("The JSON is too large. The limit is 1 MB.")


class JSONParser(parsers.JSONParser):
    """Parses JSON of limited size."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        content = stream.read(MAX_JSON_BYTES + 1)
        if len(content) > MAX_JSON_BYTES:
            # A client that is still sending when the connection closes never reads the answer.
            while stream.read(CHUNK_BYTES):
                pass
            raise JsonTooLarge
        return super().parse(BytesIO(content), media_type, parser_context)


class FormParser(parsers.MultiPartParser):
    """Parses forms with files, and reports too many files as any other error of a picture."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except TooManyFilesSent as error:
            raise request_files.build_too_many_files_error() from error


class FileParser(parsers.BaseParser):
    """Takes the body as a file, whatever media type the client declares."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read()
