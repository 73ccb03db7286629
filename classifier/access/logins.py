"""Failed logins, which django-axes counts: with names and addresses of people, and so not kept."""

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone


def purge_expired() -> int:
    """Those that lock nobody out any more; says how many."""
    limit = timezone.now() - settings.AXES_COOLOFF_TIME
    deleted, _ = AccessAttempt.objects.filter(attempt_time__lt=limit).delete()
    return int(deleted)
