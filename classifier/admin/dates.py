"""Times in the lists, in the reader's time zone."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime

from classifier.admin.figures import MISSING


def format_time(moment: datetime | None) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else MISSING


def format_second(moment: datetime | None) -> str:
    """Format a time with its seconds."""
    return f"{format_time(moment)}:{moment:%S}" if moment else MISSING
