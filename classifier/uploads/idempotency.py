"""A request that is sent again under its key is answered as it was, and nothing is done twice."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import IdempotencyRecord, Upload
from classifier.uploads.upload_batch import UploadBatch, open_batch

LIFETIME = timedelta(hours=24)
BATCH_SIZE = 1000


class KeyReused(RuleBroken):
    """The key was sent before, with another request."""


class ResultDeleted(RuleBroken):
    """What the first answer was about has been deleted since."""


@dataclass(frozen=True)
class IdempotentResult:
    content: Any
    replayed: bool


def run_once(key: str, asked: str, work: Callable[[UploadBatch], Any]) -> IdempotentResult:
    """Return the result of `work`, or the one that was stored for this key before.

    The transaction that stores the batch's uploads stores the result too. `asked` is a hash of the
    request. Nothing is stored if `work` raises. Raises KeyReused, AnswerGone.
    """
    name = hashlib.sha256(key.encode()).hexdigest()
    with open_batch() as batch:
        _one_at_a_time(name)
        if kept := IdempotencyRecord.objects.filter(pk=name).first():
            return IdempotentResult(_replayed(kept, asked), replayed=True)
        # As text: PostgreSQL would put the fields into another order.
        text = json.dumps(work(batch), cls=DjangoJSONEncoder)
        IdempotencyRecord.objects.create(
            key=name,
            sha256=asked,
            status=HTTPStatus.OK,
            content={"text": text, "uploads": [str(upload.pk) for upload in batch.uploads]},
        )
    return IdempotentResult(json.loads(text), replayed=False)


def _one_at_a_time(name: str) -> None:
    """Until the transaction ends: who comes with the same key meanwhile waits for the answer."""
    number = int.from_bytes(bytes.fromhex(name[:16]), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _replayed(kept: IdempotencyRecord, asked: str) -> Any:
    if kept.sha256 != asked:
        raise KeyReused(
            "This Idempotency-Key was sent with another request before. Send a new one with each "
            "new request."
        )
    _check_all_there(kept.content["uploads"])
    return json.loads(kept.content["text"])


def _check_all_there(uploads: Collection[str]) -> None:
    if Upload.objects.filter(pk__in=uploads).count() < len(uploads):
        raise ResultDeleted(
            "This was read before, and has been deleted since. To have it read again, send it "
            "with another Idempotency-Key."
        )


def purge_expired() -> None:
    """Delete the answers that have been kept for long enough."""
    limit = timezone.now() - LIFETIME
    old = IdempotencyRecord.objects.filter(created_at__lt=limit).order_by("created_at")
    while keys := list(old.values_list("pk", flat=True)[:BATCH_SIZE]):
        IdempotencyRecord.objects.filter(pk__in=keys).delete()
