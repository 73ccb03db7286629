"""A client of mnistsite's API, without dependencies, for threads and for asyncio."""

from mnistsite_client.answers import (
    Answer,
    Correction,
    Digit,
    Line,
    PictureResult,
    Preview,
    PreviewDigit,
    Problem,
    StoredAnswer,
)
from mnistsite_client.asynchronous import AsyncClient
from mnistsite_client.client import ApiError, Client, Picture

__all__ = [
    "Answer",
    "ApiError",
    "AsyncClient",
    "Client",
    "Correction",
    "Digit",
    "Line",
    "Picture",
    "PictureResult",
    "Preview",
    "PreviewDigit",
    "Problem",
    "StoredAnswer",
]
