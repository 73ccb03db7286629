"""Numbers as people read them."""

from django import template

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """0.9987 → "99.87 %"; never "100.00 %" of what is not certain."""
    return f"{min(share, 0.9999):.2%}".replace("%", "\N{NO-BREAK SPACE}%")
