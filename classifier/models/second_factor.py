"""The authenticator apps and passkeys of staff."""

import hmac

from django.conf import settings
from django.db import models
from django_otp.models import Device, TimestampMixin
from django_otp.plugins.otp_totp.models import TOTPDevice


class AppDevice(TOTPDevice):  # type: ignore[misc]  # django-otp has no types
    """An authenticator app, whose key is derived from the stored one and SECRET_KEY.

    So nobody can compute codes from a stolen dump of the database.
    """

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        return hmac.digest(settings.SECRET_KEY.encode(), bytes.fromhex(self.key), "sha1")


class Passkey(TimestampMixin, Device):  # type: ignore[misc]  # django-otp has no types
    """A passkey, of which only the public key is stored.

    `last_used_at` is the time of the last challenge.
    """

    host = models.CharField(max_length=253, help_text="the only one at which it can be used")
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField(help_text="attested credential data (WebAuthn)")
    sign_count = models.BigIntegerField(default=0)

    class Meta:
        db_table = "passkeys"
        default_permissions = ()
