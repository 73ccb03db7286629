"""JSON of a size that a request can need."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import parsers, status
from rest_framework.exceptions import APIException

# A thousand labels are less than a tenth of it, and Python's objects are twenty times as large.
LARGEST_JSON_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


class JsonTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = gettext_lazy("The JSON is too large. At most 1 MB is taken.")


class JSONParser(parsers.JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        content = stream.read(LARGEST_JSON_BYTES + 1)
        if len(content) > LARGEST_JSON_BYTES:
            # A client that is still sending when the connection closes never reads the answer.
            while stream.read(CHUNK_BYTES):
                pass
            raise JsonTooLarge
        return super().parse(BytesIO(content), media_type, parser_context)
