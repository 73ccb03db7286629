"""The Idempotency-Key header: a repeated request gets the first answer again."""

import hashlib
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.serializers import ProblemSerializer
from classifier.uploads import idempotency
from classifier.uploads.upload_batch import UploadBatch

KEY = re.compile("[ -~]{16,255}")
PARAMETERS = [
    OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[ -~]+$"},
        OpenApiParameter.HEADER,
        description=(
            "16 to 255 printable ASCII characters, different for each new request. If you repeat "
            "a request with the same key within 24 hours, you get the first answer again and "
            "nothing is stored twice. Errors are not stored."
        ),
    ),
    OpenApiParameter(
        "Idempotency-Replayed",
        {"type": "string", "enum": ["true"]},
        OpenApiParameter.HEADER,
        response=[HTTPStatus.OK],
        description="Present if this is the stored answer to an earlier request.",
    ),
]
ERROR_RESPONSES = {410: ProblemSerializer, 422: ProblemSerializer}


class MalformedKey(APIException):
    status_code = HTTPStatus.BAD_REQUEST
    default_code = "idempotency_key_malformed"
    default_detail = "An Idempotency-Key has 16 to 255 printable ASCII characters."


def respond_once(
    request: Request,
    parts: Iterable[bytes],
    work: Callable[[UploadBatch | None], Any],
    finish: Callable[[Any], Any] = lambda content: content,
) -> Response:
    """Respond with the result of `work`, which runs once per Idempotency-Key.

    `work` gets the batch that its uploads join, or None if the request has no key. `parts` identify
    the request; `finish` adds to the result what must not be stored. Raise MalformedKey, KeyReused
    or ResultDeleted.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return Response(finish(work(None)))
    if not KEY.fullmatch(key):
        raise MalformedKey
    digest = hashlib.sha256(request.path.encode())
    for part in parts:
        digest.update(b"%d:" % len(part) + part)
    answered = idempotency.run_once(f"{request.user.pk} {key}", digest.hexdigest(), work)
    headers = {"Idempotency-Replayed": "true"} if answered.replayed else {}
    return Response(finish(answered.content), headers=headers)
