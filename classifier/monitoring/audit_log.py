"""Write, seal, verify and export the audit log.

Writing an entry takes no lock. Each minute a job seals the new entries: it appends them to a chain
of hashes, so that a changed or missing entry is found later.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any, TextIO

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from classifier.errors import RuleBroken
from classifier.models import AuditAction, AuditEntry
from classifier.models.locks import acquire_lock
from classifier.monitoring.findings import Finding

LOCK = "audit_log"
SALT = "classifier.monitoring.audit_log"
MAX_TARGET_LENGTH = 300
BATCH_SIZE = 1000
ESCAPED_NUL = "\\u0000"
PLACE = "audit log"
ADVICE = "Compare it with an export, and find out who has access to the database."


def record_entry(
    user: str,
    via: str,
    action: str,
    target: str = "",
    status: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write an entry, without NULs, which PostgreSQL refuses."""
    AuditEntry.objects.create(
        user=user,
        via=via[:120],
        action=action[:100],
        target=target[:MAX_TARGET_LENGTH].replace("\0", ""),
        status=status,
        details=json.loads(json.dumps(details or {}).replace(ESCAPED_NUL, "")),
    )


def record_settings(values: dict[str, str]) -> None:
    """Record the settings if they differ from those that were recorded last."""
    newest = AuditEntry.objects.filter(action=AuditAction.CHANGE_SETTINGS).order_by("-pk").first()
    if newest is None or newest.details != values:
        record_entry("", "start", AuditAction.CHANGE_SETTINGS, details=values)


@transaction.atomic
def seal_entries() -> int:
    """Append the new entries to the chain, and return their number."""
    acquire_lock(LOCK)
    last = list_sealed().last()
    first, previous = ((last.position or 0) + 1, last.hash) if last else (1, "")
    entries = list(AuditEntry.objects.filter(position__isnull=True).order_by("pk"))
    for position, entry in enumerate(entries, first):
        entry.position, entry.previous = position, previous
        entry.hash = previous = hash_entry(serialize_entry(entry))
    AuditEntry.objects.bulk_update(entries, ["position", "previous", "hash"], BATCH_SIZE)
    return len(entries)


def serialize_entry(entry: AuditEntry) -> dict[str, Any]:
    """Return all of an entry but its hash."""
    return {
        "position": entry.position,
        "previous": entry.previous,
        "at": entry.at.isoformat(),
        "user": entry.user,
        "via": entry.via,
        "action": entry.action,
        "target": entry.target,
        "status": entry.status,
        "details": entry.details,
    }


def hash_entry(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def verify_chain() -> Iterator[Finding]:
    """Seal the new entries, and find entries that have been changed or are missing."""
    seal_entries()
    pairs = ((serialize_entry(entry), entry.hash) for entry in list_sealed().iterator())
    for fault in find_faults(pairs):
        yield Finding(PLACE, fault, ADVICE)


def list_sealed() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(position__isnull=False).order_by("position")


def find_faults(pairs: Iterable[tuple[dict[str, Any], str]]) -> Iterator[str]:
    """Describe the faults of a chain of entries and their hashes.

    Entries may be missing at its beginning if a later one records that they have expired.
    """
    first, expired, position, previous = 1, 0, 0, ""
    for content, hash_ in pairs:
        is_next = content["position"] == position + 1 and content["previous"] == previous
        if not position:
            first = content["position"]
        elif not is_next:
            yield f"Entries before {content['position']} are missing."
        if hash_entry(content) != hash_:
            yield f"Entry {content['position']} has been changed."
        if content["action"] == AuditAction.EXPIRE_ENTRIES:
            expired = max(expired, content["details"]["until"])
        position, previous = content["position"], hash_
    if first != expired + 1:
        yield f"Entries before {first} are missing."


@transaction.atomic
def purge_expired() -> int:
    """Delete the oldest sealed entries up to AUDIT_LOG_DAYS, if set, and return their number."""
    if not settings.AUDIT_LOG_DAYS:
        return 0
    limit = timezone.now() - timedelta(days=settings.AUDIT_LOG_DAYS)
    # An entry may be sealed after a younger one, and the rest has to stay a chain.
    first_left = list_sealed().filter(at__gte=limit).first()
    expired = list_sealed().filter(at__lt=limit)
    if first_left:
        expired = expired.filter(position__lt=first_left.position)
    if last := expired.last():
        record_entry("", "worker", AuditAction.EXPIRE_ENTRIES, details={"until": last.position})
    deleted, _ = expired.delete()
    return deleted


def export_entries(file: TextIO) -> int:
    """Write all entries as JSON lines, and a signature; return the number of entries."""
    seal_entries()
    count, head = 0, ""
    for entry in list_sealed().iterator():
        head = entry.hash
        file.write(json.dumps(serialize_entry(entry) | {"hash": head}) + "\n")
        count += 1
    end = {"entries": count, "head": head, "exported_at": timezone.now().isoformat()}
    file.write(json.dumps(end | {"signature": _sign(end)}) + "\n")
    return count


def verify_export(file: TextIO) -> int:
    """Check an export and that the database still has its newest entry. Raise RuleBroken.

    Return the number of entries.
    """
    try:
        *entries, end = [json.loads(line) for line in file]
        signature = end.pop("signature")
        faults = [*find_faults((entry, entry.pop("hash")) for entry in entries)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuleBroken(f"This is not a whole export of an audit log: {error!r}") from error
    if not constant_time_compare(signature, _sign(end)):
        raise RuleBroken("The signature is wrong: the export is changed, or another site's.")
    if end["entries"] != len(entries):
        faults.append(f"The export has {len(entries)} instead of {end['entries']} entries.")
    if faults:
        raise RuleBroken(" ".join(faults))
    if end["head"] and _is_rewritten(entries[-1]["position"], end["head"]):
        raise RuleBroken("The export is genuine, but the database has other entries now.")
    return len(entries)


def _is_rewritten(position: int, head: str) -> bool:
    """Return whether the database has another entry at the position; it may have expired."""
    sealed = list_sealed()
    first = sealed.first()
    has_expired = first is not None and (first.position or 0) > position
    return not has_expired and not sealed.filter(position=position, hash=head).exists()


def _sign(end: dict[str, Any]) -> str:
    return signing.Signer(salt=SALT).signature(json.dumps(end, sort_keys=True))
