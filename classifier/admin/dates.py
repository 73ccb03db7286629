"""Times as text, in the reader's time zone and language."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime


def format_time(moment: datetime) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")


def format_second(moment: datetime) -> str:
    """Format a time with its seconds."""
    return f"{format_time(moment)}:{moment:%S}"
