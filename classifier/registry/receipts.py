"""Signed receipts of deletions: which images were deleted, and until when their models served.

The signature is Django's HMAC-SHA256 with SECRET_KEY, so only the site that issued a receipt can
verify it. It covers the receipt as JSON with sorted keys and without spaces.
"""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import Erasure
from classifier.registry import versions

SALT = "classifier.registry.receipts"


def issue_receipt(upload_id: UUID) -> dict[str, Any]:
    """Return the signed receipt of an upload's deletion.

    `served_until` is None for a model in service, and `forgotten_at` is None until no model that
    was trained on the upload serves. Raise Erasure.DoesNotExist if the upload has not been deleted,
    or if no model can have been trained on it because it had no label.
    """
    erasures = [*Erasure.objects.filter(upload_id=upload_id).order_by("image_id")]
    if not erasures:
        raise Erasure.DoesNotExist(f"No labelled image of upload {upload_id} has been deleted.")
    deleted_at = erasures[0].created_at
    served_until = _find_ends_of_service(
        {name for each in erasures for name in each.trained_models}
    )
    is_forgotten = None not in served_until.values()
    ends = [deleted_at, *filter(None, served_until.values())]
    receipt = {
        "upload": str(upload_id),
        "deleted_at": deleted_at.isoformat(),
        "images": [
            {"id": str(each.image_id), "trained_models": each.trained_models} for each in erasures
        ],
        "served_until": {name: at and at.isoformat() for name, at in served_until.items()},
        "forgotten_at": max(ends).isoformat() if is_forgotten else None,
        "issued_at": timezone.now().isoformat(),
    }
    return {"receipt": receipt, "signature": _make_signer().signature(_serialize(receipt))}


def _find_ends_of_service(models: set[str]) -> dict[str, datetime | None]:
    """Return when each model that has been in service last left it, None if it has not."""
    periods = versions.list_serving_periods().filter(model__name__in=models)
    return {period.model.name: period.until for period in reversed(periods)}


def verify_receipt(document: dict[str, Any]) -> dict[str, Any]:
    """Return the receipt in a signed document. Raise RuleBroken."""
    try:
        receipt, signature = document["receipt"], document["signature"]
        _make_signer().unsign(f"{_serialize(receipt)}:{signature}")
    except (KeyError, TypeError, signing.BadSignature) as error:
        raise RuleBroken("This site did not issue this receipt, or somebody changed it.") from error
    return dict(receipt)


def _make_signer() -> signing.Signer:
    return signing.Signer(salt=SALT)


def _serialize(receipt: dict[str, Any]) -> str:
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"))
