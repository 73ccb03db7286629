"""The admin pages for staff."""

from classifier.admin import (
    deliveries,
    erasures,
    images,
    runs,
    tokens,
    uploads,
    users,
    versions,
    webhooks,
)

__all__ = [
    "deliveries",
    "erasures",
    "images",
    "runs",
    "tokens",
    "uploads",
    "users",
    "versions",
    "webhooks",
]
