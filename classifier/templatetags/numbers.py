"""Numbers as people read them, in their language."""

from django import template
from django.template.defaultfilters import floatformat

register = template.Library()

SURE = 0.9999


@register.filter
def share(of_one: float, places: int = 2) -> str:
    """0.9987 → "99.87 %"; with -2 `places`, 0.05 → "5 %"."""
    return f"{floatformat(round(100 * of_one, 6), places)}\N{NO-BREAK SPACE}%"


@register.filter
def percent(probability: float) -> str:
    """As `share`, but never "100.00 %" of what is not certain."""
    return share(min(probability, SURE))
