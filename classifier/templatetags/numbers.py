"""Template filters for percentages, in the visitor's language."""

from django import template
from django.template.defaultfilters import floatformat

register = template.Library()

MAX_PROBABILITY = 0.9999


@register.filter
def share(value: float, places: int = 2) -> str:
    """Format 0.9987 as "99.87 %" and, with -2 places, 0.05 as "5 %"."""
    return f"{floatformat(round(100 * value, 6), places)}\N{NO-BREAK SPACE}%"


@register.filter
def percent(probability: float) -> str:
    """Format a probability, which never reads "100.00 %" because nothing is certain."""
    return share(min(probability, MAX_PROBABILITY))
