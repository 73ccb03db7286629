"""Small charts as SVG: drawn by the server, coloured by static/charts.css, read out by a title."""

import math
from collections.abc import Callable, Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 40
COLOURS = 6
CHARACTER, GAP = 6, 2

Formatter = Callable[[float], str]


def format_number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def draw_lines(
    series: dict[str, list[float]],
    title: str,
    x_title: str = "",
    labels: Sequence[str] = (),
    format_value: Formatter = format_number,
    from_zero: bool = False,
) -> SafeString:
    """A line for each series; `labels` name the places on the x axis, else 1, 2, 3 …

    `format_value` puts a value into words, on the y axis and for each point.
    """
    places = max((len(values) for values in series.values()), default=0)
    labels = labels or [str(place) for place in range(1, places + 1)]
    values = [value for each in series.values() for value in each]
    scale = _scale([0.0, *values] if from_zero else values)
    drawn = format_html_join(
        "",
        '<g class="series series-{}">{}</g>',
        (
            (place % COLOURS, _line(name, each, labels, scale, format_value))
            for place, (name, each) in enumerate(series.items())
        ),
    )
    at = [_across(place, places) for place in range(places)]
    svg = _svg(
        title,
        _told(series, format_value),
        _y_axis(scale, format_value),
        _x_axis(labels, at, x_title),
        drawn,
    )
    return _figure(title, svg, list(series) if len(series) > 1 else [])


def draw_bars(
    values: dict[str, float],
    title: str,
    x_title: str = "",
    format_value: Formatter = format_number,
) -> SafeString:
    """A bar from zero for each value, labelled by its name."""
    scale = _scale([0.0, *values.values()])
    slot = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    at = [LEFT + slot * (place + 0.5) for place in range(len(values))]
    drawn = format_html_join(
        "",
        '<rect class="column" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
        (
            (
                f"{x - slot * 0.36:.1f}",
                f"{_up(value, scale):.1f}",
                f"{slot * 0.72:.1f}",
                f"{_up(0, scale) - _up(value, scale):.1f}",
                name,
                format_value(value),
            )
            for x, (name, value) in zip(at, values.items(), strict=True)
        ),
    )
    told = ", ".join(f"{name}: {format_value(value)}" for name, value in values.items())
    axes = _y_axis(scale, format_value), _x_axis(list(values), at, x_title)
    return _figure(title, _svg(title, told, *axes, drawn), [])


def _scale(values: Iterable[float]) -> list[float]:
    """Round numbers, two or more, from below the least to above the greatest."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        low, high = (0.0, high) if high > 0 else (low, low + 1)
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * place for place in range(first, last + 1)]


def _up(value: float, scale: list[float]) -> float:
    share = (value - scale[0]) / (scale[-1] - scale[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _across(place: int, places: int) -> float:
    share = place / (places - 1) if places > 1 else 0.5
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _line(
    name: str,
    values: list[float],
    labels: Sequence[str],
    scale: list[float],
    format_value: Formatter,
) -> SafeString:
    points = [
        (_across(place, len(labels)), _up(value, scale)) for place, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="2.5"><title>{}, {}: {}</title></circle>',
        (
            (f"{x:.1f}", f"{y:.1f}", name, label, format_value(value))
            for (x, y), label, value in zip(points, labels, values, strict=False)
        ),
    )
    return format_html('<polyline points="{}"/>{}', path, dots)


def _y_axis(scale: list[float], format_value: Formatter) -> SafeString:
    return format_html_join(
        "",
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="y" x="{}" y="{}">{}</text>',
        (
            (
                LEFT,
                WIDTH - RIGHT,
                f"{y:.1f}",
                f"{y:.1f}",
                LEFT - 6,
                f"{y + 3.5:.1f}",
                format_value(value),
            )
            for value, y in ((value, _up(value, scale)) for value in scale)
        ),
    )


def _x_axis(labels: Sequence[str], at: list[float], x_title: str) -> SafeString:
    """So many of the labels as fit, evenly apart."""
    widest = CHARACTER * max(map(len, labels), default=0) + GAP
    every = math.ceil(len(labels) * widest / (WIDTH - LEFT - RIGHT)) or 1
    named = format_html_join(
        "",
        '<text class="x" x="{}" y="{}">{}</text>',
        (
            (f"{x:.1f}", HEIGHT - BOTTOM + 15, label)
            for x, label in list(zip(at, labels, strict=False))[::every]
        ),
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return format_html(
        '{}<text class="x name" x="{}" y="{}">{}</text>', named, middle, HEIGHT - 6, x_title
    )


def _told(series: dict[str, list[float]], format_value: Formatter) -> str:
    return "; ".join(
        _("%(name)s: from %(first)s to %(last)s")
        % {"name": name, "first": format_value(values[0]), "last": format_value(values[-1])}
        for name, values in series.items()
        if values
    )


def _svg(title: str, told: str, *drawn: SafeString) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}. {}">{}</svg>',
        WIDTH,
        HEIGHT,
        title,
        told,
        format_html_join("", "{}", ((part,) for part in drawn)),
    )


def _figure(title: str, svg: SafeString, names: list[str]) -> SafeString:
    legend = format_html_join(
        "",
        '<li class="series-{}">{}</li>',
        ((place % COLOURS, name) for place, name in enumerate(names)),
    )
    return format_html(
        '<figure class="chart"><figcaption>{}</figcaption>{}{}</figure>',
        title,
        svg,
        format_html('<ul class="legend">{}</ul>', legend) if names else "",
    )
