"""The Idempotency-Key of a request, and what is answered under it."""

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
            "Any 16 to 255 printable ASCII characters, new with each new request. Sent again with "
            "them within 24 hours, the same request is answered as it was at first, and nothing "
            "is done twice. Errors are not kept."
        ),
    ),
    OpenApiParameter(
        "Idempotency-Replayed",
        {"type": "string", "enum": ["true"]},
        OpenApiParameter.HEADER,
        response=[HTTPStatus.OK],
        description="There if this is what the request was answered before.",
    ),
]
FAULTS = {410: ProblemSerializer, 422: ProblemSerializer}


class MalformedKey(APIException):
    status_code = HTTPStatus.BAD_REQUEST
    default_code = "idempotency_key_malformed"
    default_detail = "An Idempotency-Key is 16 to 255 printable ASCII characters."


class ReusedKey(APIException):
    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"


class AnswerGone(APIException):
    status_code = HTTPStatus.GONE
    default_code = "answer_gone"


def respond(
    request: Request,
    parts: Iterable[bytes],
    work: Callable[[UploadBatch | None], Any],
    finish: Callable[[Any], Any] = lambda content: content,
) -> Response:
    """Respond with the result of `work`, which is done once if the request has a key.

    `work` gets the batch that its uploads join, if there is one. `parts` tell requests apart;
    `finish` adds what is not to be stored. Raises MalformedKey, ReusedKey, AnswerGone.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return Response(finish(work(None)))
    if not KEY.fullmatch(key):
        raise MalformedKey
    answered = _once(f"{request.user.pk} {key}", _hash(request, parts), work)
    headers = {"Idempotency-Replayed": "true"} if answered.replayed else {}
    return Response(finish(answered.content), headers=headers)


def _once(key: str, asked: str, work: Callable[[UploadBatch], Any]) -> idempotency.Answered:
    try:
        return idempotency.once(key, asked, work)
    except idempotency.KeyReused as error:
        raise ReusedKey(str(error)) from error
    except idempotency.AnswerGone as error:
        raise AnswerGone(str(error)) from error


def _hash(request: Request, parts: Iterable[bytes]) -> str:
    hashed = hashlib.sha256(request.path.encode())
    for part in parts:
        hashed.update(b"%d:" % len(part) + part)
    return hashed.hexdigest()
