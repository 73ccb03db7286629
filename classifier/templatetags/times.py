"""Times as people say them, in their language."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

register = template.Library()

A_MINUTE_S = 60


@register.filter
def ago(then: datetime) -> str:
    """ "just now", "3 minutes ago"."""
    if (timezone.now() - then).total_seconds() < A_MINUTE_S:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(then, depth=1)}
