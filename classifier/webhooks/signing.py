"""How a receiver knows that a message is from here, as standardwebhooks.com says."""

import hmac
import secrets
from base64 import b64decode, b64encode

PREFIX = "whsec_"
SECRET_BYTES = 32


def generate_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def build_headers(secret: str, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    return {
        "Webhook-Id": id_,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": f"v1,{_signature(secret, id_, timestamp, body)}",
    }


def _signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{id_}.{timestamp}.".encode() + body
    return b64encode(hmac.digest(key, signed, "sha256")).decode()
