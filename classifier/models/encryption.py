"""A field for secrets that the site has to read again, so that a stolen dump does not have them."""

from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

KEY_SALT = "classifier.models.encryption"


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # it takes none at run time
    """A text that is encrypted in the database, with a key derived from SECRET_KEY.

    It reads as "" if SECRET_KEY has changed.
    """

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else value

    def from_db_value(self, value: str, *_: Any) -> str:
        return decrypt(value)


def encrypt(text: str) -> str:
    return _build_cipher().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Return the text, or "" if it was encrypted with another SECRET_KEY."""
    try:
        return _build_cipher().decrypt(token).decode()
    except InvalidToken:
        return ""


def _build_cipher() -> Fernet:
    key = salted_hmac(KEY_SALT, "key", settings.SECRET_KEY, algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
