"""Signatures by the Standard Webhooks specification (https://www.standardwebhooks.com)."""

import hmac
import secrets
from base64 import b64decode, b64encode

PREFIX = "whsec_"
SECRET_BYTES = 32


def generate_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def build_headers(secret: str, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that identify and sign a message; `timestamp` is in Unix seconds."""
    key = b64decode(secret.removeprefix(PREFIX))
    content = f"{id_}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(key, content, "sha256")).decode()
    return {
        "Webhook-Id": id_,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": f"v1,{signature}",
    }
