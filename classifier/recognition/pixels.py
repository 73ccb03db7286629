"""The identity of 28×28 images."""

import hashlib
from uuid import UUID


def hash_pixels(pixels: bytes) -> UUID:
    """Return an id that is the same for equal pixels, in every database."""
    return UUID(bytes=hashlib.sha256(pixels).digest()[:16])
