"""The admin pages for staff."""

from classifier.admin import (
    audit_log,
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
