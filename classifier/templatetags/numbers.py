"""Template filters for percentages and certainty, in the visitor's language."""

from django import template
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

register = template.Library()

CERTAIN = 0.99


@register.filter
def share(value: float, places: int = 1) -> str:
    """Format 0.9987 as "99.9 %", 0.05 as "5 %", and 0.99999 as "> 99.9 %"."""
    percentage, step = round(100 * value, 6), 10.0**-places
    rounded = round(percentage, places)
    sign = ""  # 0 and 100 would claim too much
    if value > 0 and rounded == 0:
        sign, rounded = "<\N{NO-BREAK SPACE}", step
    elif value < 1 and rounded == 100:
        sign, rounded = ">\N{NO-BREAK SPACE}", 100 - step
    decimals = next(each for each in range(places + 1) if round(rounded, each) == rounded)
    return f"{sign}{floatformat(rounded, decimals)}\N{NO-BREAK SPACE}%"


@register.filter
def share_from(value: float) -> str:
    """Format the least share of a range: "≥ 94.9 %"."""
    text = share(value)
    return text if text.startswith(">") else f"≥\N{NO-BREAK SPACE}{text}"


def format_range(low: float, high: float) -> str:
    """Format 0.981 and 1 as "98.1–100 %"."""
    ends = (floatformat(round(100 * end, 1), -1) for end in (low, high))
    return f"{'–'.join(ends)}\N{NO-BREAK SPACE}%"


@register.filter
def percent(probability: float) -> str:
    """Format a probability as a whole percentage, which is never 100."""
    return share(min(probability, 0.999), 0)


@register.filter
def certainty(probability: float) -> str:
    """Describe the probability of an answer with the verdict `digit` in words."""
    if probability >= CERTAIN:
        return _("certain")
    return _("fairly sure (%(percent)s)") % {"percent": percent(probability)}
