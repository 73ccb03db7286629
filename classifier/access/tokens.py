"""API tokens: giving one out, and whose one is."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.utils import timezone

from classifier.errors import RuleBroken
from classifier.models import ApiToken

PREFIX = "mns_"
RANDOM_BYTES = 30  # 40 characters, as base64
START = 8
NOTED_EVERY = timedelta(hours=1)


class UnknownToken(RuleBroken):
    """There is no such token, or it is of no use any more."""


class ExpiredToken(UnknownToken):
    """It was one, until a while ago."""


def issue(token: ApiToken) -> str:
    """Keeps a new token's record and returns the token itself, which is nowhere else."""
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    token.sha256, token.start = _hashed(secret.encode()), secret[:START]
    token.save(force_insert=True)
    return secret


def authenticate(secret: bytes) -> ApiToken:
    """The token that a program shows, with its user. Raises UnknownToken or ExpiredToken."""
    found = ApiToken.objects.select_related("user").filter(sha256=_hashed(secret)).first()
    if found is None or not found.user.is_active:
        raise UnknownToken("This token is unknown or was deleted, or its user is switched off.")
    if found.expires_at and found.expires_at <= timezone.now():
        raise ExpiredToken(f"This token expired at {found.expires_at:%Y-%m-%d %H:%M} UTC.")
    _note_use(found)
    return found


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _hashed(secret: bytes) -> str:
    return sha256(secret).hexdigest()
