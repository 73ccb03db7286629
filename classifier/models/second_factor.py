"""The authenticator apps of staff."""

import hmac

from django.conf import settings
from django_otp.plugins.otp_totp.models import TOTPDevice


class AppDevice(TOTPDevice):  # type: ignore[misc]  # django-otp has no types
    """An authenticator app, whose key takes both the stored one and SECRET_KEY.

    So a stolen dump of the database computes no codes.
    """

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        return hmac.digest(settings.SECRET_KEY.encode(), bytes.fromhex(self.key), "sha1")
