"""Idempotency keys: a repeated request gets the first result, and nothing is done twice."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import IdempotencyRecord, Upload
from classifier.models.locks import lock
from classifier.uploads.upload_batch import UploadBatch, open_batch

LIFETIME = timedelta(hours=24)


class KeyReused(RuleBroken):
    """The key was sent before, with another request."""


class ResultDeleted(RuleBroken):
    """The uploads of the first request have been deleted since."""


@dataclass(frozen=True)
class IdempotentResult:
    content: Any
    replayed: bool


def run_once(key: str, request_hash: str, work: Callable[[UploadBatch], Any]) -> IdempotentResult:
    """Return the result of `work`, or the one that was stored for this key before.

    The result is stored in the transaction that stores the batch's uploads; nothing is stored if
    `work` raises. A request that arrives meanwhile with the same key waits for it. Raise KeyReused
    if the key belongs to another request, ResultDeleted if its uploads are gone.
    """
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    with open_batch() as batch:
        lock(f"idempotency {key_hash}")
        if record := IdempotencyRecord.objects.filter(pk=key_hash).first():
            return IdempotentResult(_replay(record, request_hash), replayed=True)
        # As text, because PostgreSQL would reorder the fields.
        text = json.dumps(work(batch), cls=DjangoJSONEncoder)
        IdempotencyRecord.objects.create(
            key=key_hash,
            sha256=request_hash,
            status=HTTPStatus.OK,
            content={"text": text, "uploads": [str(upload.pk) for upload in batch.uploads]},
        )
    return IdempotentResult(json.loads(text), replayed=False)


def _replay(record: IdempotencyRecord, request_hash: str) -> Any:
    if record.sha256 != request_hash:
        raise KeyReused(
            "This Idempotency-Key was sent with another request before. Send a new key with each "
            "new request."
        )
    uploads = record.content["uploads"]
    if Upload.objects.filter(pk__in=uploads).count() < len(uploads):
        raise ResultDeleted(
            "The result of this request has been deleted since. To send the picture again, use "
            "another Idempotency-Key."
        )
    return json.loads(record.content["text"])


def purge_expired() -> None:
    """Delete the records that are older than LIFETIME."""
    IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()
