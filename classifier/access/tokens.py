"""API tokens: issuing them and authenticating their users."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.utils import timezone
from django.utils.translation import gettext

from classifier.errors import RuleBroken
from classifier.models import ApiToken

PREFIX = "mns_"
RANDOM_BYTES = 30  # 40 characters as base64
START_LENGTH = 8
USE_RECORDED_EVERY = timedelta(hours=1)


class UnknownToken(RuleBroken):
    """The token does not exist, or its user is inactive."""


class ExpiredToken(UnknownToken):
    """The token was valid until it expired."""


def issue_token(token: ApiToken) -> str:
    """Save a new token's record and return the token, of which only the hash is stored."""
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    token.sha256, token.start = _hash(secret.encode()), secret[:START_LENGTH]
    token.save(force_insert=True)
    return secret


def authenticate_token(secret: bytes) -> ApiToken:
    """Return the record of a token, with its user. Raise UnknownToken or ExpiredToken."""
    token = ApiToken.objects.select_related("user").filter(sha256=_hash(secret)).first()
    if token is None or not token.user.is_active:
        raise UnknownToken(gettext("This token does not exist, or its user is inactive."))
    now = timezone.now()
    if token.expires_at and token.expires_at <= now:
        time = f"{token.expires_at:%Y-%m-%d %H:%M} UTC"
        raise ExpiredToken(gettext("This token expired at %(time)s.") % {"time": time})
    if token.last_used_at is None or token.last_used_at < now - USE_RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _hash(secret: bytes) -> str:
    return sha256(secret).hexdigest()
