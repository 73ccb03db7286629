"""Template filters for percentages and certainty, in the visitor's language."""

from django import template
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

register = template.Library()

CERTAIN = 0.99


@register.filter
def share(value: float, places: int = 2) -> str:
    """Format 0.9987 as "99.87 %" and, with -2 places, 0.05 as "5 %"."""
    return f"{floatformat(round(100 * value, 6), places)}\N{NO-BREAK SPACE}%"


@register.filter
def percent(probability: float) -> str:
    """Format a probability as a whole percentage, or as "< 1 %" or "> 99 %"."""
    rounded = round(100 * probability)  # 0 and 100 would claim too much
    if probability and not rounded:
        return f"<\N{NO-BREAK SPACE}{share(0.01, 0)}"
    if rounded == 100:
        return f">\N{NO-BREAK SPACE}{share(0.99, 0)}"
    return share(probability, 0)


@register.filter
def certainty(probability: float) -> str:
    """Describe the probability of an answer with the verdict `digit` in words."""
    if probability >= CERTAIN:
        return _("certain")
    return _("fairly sure (%(percent)s)") % {"percent": percent(probability)}
