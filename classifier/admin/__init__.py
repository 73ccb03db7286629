"""The admin pages for staff."""

from classifier.admin import deliveries, images, runs, tokens, uploads, users, versions, webhooks

__all__ = ["deliveries", "images", "runs", "tokens", "uploads", "users", "versions", "webhooks"]
