"""Budgets of requests, which PostgreSQL counts for all processes (GCRA)."""

import time
from datetime import timedelta
from hashlib import blake2b

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from classifier.models import Budget
from classifier.models.statements import execute_prepared

# A visitor who uses no more than this share of an address's budget may also use a reserve as large
# as the budget, so that others behind the same address can't use up everything.
VISITOR_SHARE = 0.25
# A process counts so much of a budget for itself, so that few requests need a statement.
UNCOUNTED_SHARE = 0.05
MAX_UNCOUNTED = 10_000

_TAKE = """
    INSERT INTO budgets AS budget (key, full_at)
    VALUES (%({key})s, statement_timestamp() + %({cost})s)
    ON CONFLICT (key) DO UPDATE
    SET full_at = greatest(budget.full_at, statement_timestamp()) + %({cost})s
    WHERE greatest(budget.full_at, statement_timestamp()) + %({cost})s
        <= statement_timestamp() + {size}
    RETURNING 1
"""
TAKE = _TAKE.format(key="key", cost="cost", size="%(size)s").encode()
SHARE = _TAKE.format(key="visitor", cost="share", size="%(size)s")
RESERVE = "%(size)s * (CASE WHEN EXISTS (SELECT FROM visitor) THEN 2 ELSE 1 END)"
TAKE_WITH_SHARE = (
    f"WITH visitor AS ({SHARE}) {_TAKE.format(key='key', cost='cost', size=RESERVE)}"
).encode()
READ = b"SELECT full_at - statement_timestamp() FROM budgets WHERE key = %(key)s"

# The share that each owner and visitor used without counting, and since when.
uncounted: dict[tuple[str, object], tuple[float, float]] = {}


def take(owner: str, visitor: object, share: float, seconds: float) -> float:
    """Take a share, 0 to 1, of an owner's budget, which fills up again in `seconds`.

    Return 0, or, if too little is left and nothing was taken, the seconds until there is enough. A
    `visitor` has a budget within that of the owner. Without the database everything is allowed:
    requests that need it fail by themselves.
    """
    key, now = (owner, visitor), time.monotonic()
    earlier, since = uncounted.pop(key, (0.0, now))
    if now - since >= seconds:
        earlier, since = 0.0, now
    if earlier + share <= UNCOUNTED_SHARE:
        if len(uncounted) >= MAX_UNCOUNTED:
            uncounted.clear()
        uncounted[key] = earlier + share, since
        return 0
    wait_s = _count(owner, visitor, min(earlier + share, 1.0), seconds)
    if wait_s and earlier:
        uncounted[key] = earlier, now
    return wait_s


def _count(owner: str, visitor: object, share: float, seconds: float) -> float:
    cost, size = timedelta(seconds=share * seconds), timedelta(seconds=seconds)
    values = {"key": _hash(owner), "cost": cost, "size": size}
    statement = TAKE
    if visitor:
        values |= {"visitor": _hash(f"{owner} {visitor}"), "share": cost / VISITOR_SHARE}
        statement = TAKE_WITH_SHARE
    try:
        if execute_prepared(statement, values):
            return 0
        rows = execute_prepared(READ, {"key": values["key"]})
    except DatabaseError:
        return 0
    used: timedelta = rows[0][0] if rows else timedelta()
    return max(0.001, (used + cost - size).total_seconds())


def _hash(owner: str) -> int:
    key = settings.SECRET_KEY.encode()[:64]
    digest = blake2b(owner.encode(), digest_size=8, key=key).digest()
    return int.from_bytes(digest, signed=True)


def purge_full() -> None:
    """Delete the budgets that are full again; a missing one is full, too."""
    Budget.objects.filter(full_at__lt=timezone.now()).delete()
