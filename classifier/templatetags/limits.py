"""How much one request may hold, for pages that refuse more before it is sent."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def max_upload_mb() -> int:
    return int(settings.MAX_UPLOAD_MB)


@register.simple_tag
def max_pictures() -> int:
    return int(settings.DATA_UPLOAD_MAX_NUMBER_FILES)
