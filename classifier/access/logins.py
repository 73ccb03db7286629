"""Failed logins, which django-axes records with names and addresses."""

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone


def purge_expired() -> int:
    """Delete the attempts that lock nobody out any more, and return their number."""
    limit = timezone.now() - settings.AXES_COOLOFF_TIME
    deleted, _ = AccessAttempt.objects.filter(attempt_time__lt=limit).delete()
    return int(deleted)
