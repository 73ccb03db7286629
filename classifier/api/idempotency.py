"""The Idempotency-Key header: a repeated request gets the first answer again."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from classifier.api.answers import build_response
from classifier.api.serializers import ProblemSerializer
from classifier.models import IdempotencyRecord, Upload
from classifier.models.locks import acquire_lock
from classifier.uploads.upload_batch import UploadBatch, open_batch

KEY = re.compile("[ -~]{16,255}")
LIFETIME = timedelta(hours=24)
PARAMETERS = [
    OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[ -~]+$"},
        OpenApiParameter.HEADER,
        description=(
            "16 to 255 printable ASCII characters, different for each new request. If you repeat "
            "a request with the same key within 24 hours, you get the first answer again and "
            "nothing is stored twice. Keys belong to a user or, without a login, to an address. "
            "Errors are not stored."
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
    default_detail = gettext_lazy("An Idempotency-Key has 16 to 255 printable ASCII characters.")


class KeyReused(APIException):
    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = gettext_lazy(
        "This Idempotency-Key was sent with another request before. Send a new key with each "
        "new request."
    )


class ResultDeleted(APIException):
    status_code = HTTPStatus.GONE
    default_code = "answer_gone"
    default_detail = gettext_lazy(
        "The result of this request has been deleted since. To send the picture again, use "
        "another Idempotency-Key."
    )


def respond_once(
    request: Request | HttpRequest,
    parts: Iterable[bytes],
    work: Callable[[UploadBatch | None], Any],
    finish: Callable[[Any], Any] = lambda content: content,
) -> JsonResponse:
    """Respond with the result of `work`, which runs once per Idempotency-Key.

    `work` gets the batch that its uploads join, or None if the request has no key. `parts` identify
    the request; `finish` adds to the result what must not be stored. The result is stored in the
    transaction that stores the uploads; a request that arrives meanwhile with the same key waits
    for it. Raise MalformedKey, KeyReused or ResultDeleted.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return build_response(finish(work(None)))
    key_hash, request_hash = _hash_key(request, key), _hash_request(request, parts)
    with open_batch() as batch:
        acquire_lock(f"idempotency {key_hash}")
        if record := IdempotencyRecord.objects.filter(pk=key_hash).first():
            replayed = finish(_read_result(record, request_hash))
            return build_response(replayed, {"Idempotency-Replayed": "true"})
        # As text, because PostgreSQL would reorder the fields.
        text = json.dumps(work(batch), cls=DjangoJSONEncoder)
        IdempotencyRecord.objects.create(
            key=key_hash,
            sha256=request_hash,
            content={"text": text, "uploads": [str(upload.pk) for upload in batch.uploads]},
        )
    return build_response(finish(json.loads(text)))


def _hash_key(request: Request | HttpRequest, key: str) -> str:
    if not KEY.fullmatch(key):
        raise MalformedKey
    # Otherwise somebody who guesses a stranger's key and picture would get the delete key.
    user = getattr(request, "user", None)
    owner = (user and user.pk) or request.META["REMOTE_ADDR"]
    return hashlib.sha256(f"{owner} {key}".encode()).hexdigest()


def _hash_request(request: Request | HttpRequest, parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256(request.path.encode())
    for part in parts:
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _read_result(record: IdempotencyRecord, request_hash: str) -> Any:
    if record.sha256 != request_hash:
        raise KeyReused
    uploads = record.content["uploads"]
    if Upload.objects.filter(pk__in=uploads).count() < len(uploads):
        raise ResultDeleted
    return json.loads(record.content["text"])


def purge_expired() -> None:
    """Delete the records that are older than LIFETIME."""
    IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()
