"""Small charts as SVG, coloured by static/charts.css, each with a table of its values."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 20, 40
COLOURS = 6
CHARACTER_WIDTH, LABEL_GAP = 6, 2

Formatter = Callable[[float], str]


def format_number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


@dataclass(frozen=True)
class _Table:
    """The values of a chart: a row for each label, and a column for each series."""

    x_title: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    format_value: Formatter

    def format_row(self, row: int) -> list[str]:
        """Return the values of a row, empty where a series has none."""
        return [
            self.format_value(values[row]) if row < len(values) else ""
            for values in self.series.values()
        ]

    def describe_row(self, row: int) -> str:
        values = self.format_row(row)
        if len(values) > 1:
            values = [f"{name} {value}" for name, value in zip(self.series, values, strict=True)]
        return f"{self.labels[row]}: {', '.join(values)}"

    def render(self, title: str) -> SafeString:
        if not self.labels:
            return SafeString("")
        names = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in self.series))
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th>{}</tr>',
            (
                (label, format_html_join("", "<td>{}</td>", ((v,) for v in self.format_row(row))))
                for row, label in enumerate(self.labels)
            ),
        )
        return format_html(
            '<details class="values"><summary>{}</summary><div tabindex="0" role="region"'
            ' aria-label="{}"><table><thead><tr><th scope="col">{}</th>{}</tr></thead>'
            "<tbody>{}</tbody></table></div></details>",
            _("Table"),
            title,
            self.x_title or _("Label"),
            names,
            rows,
        )


def draw_lines(
    series: Mapping[str, Sequence[float]],
    title: str,
    x_title: str = "",
    labels: Sequence[str] = (),
    format_value: Formatter = format_number,
    from_zero: bool = False,
) -> SafeString:
    """Draw a line for each series; `labels` name the points on the x axis, or else 1, 2, 3 …"""
    count = max((len(values) for values in series.values()), default=0)
    labels = labels or [str(number) for number in range(1, count + 1)]
    values = [value for each in series.values() for value in each]
    scale = _choose_scale([0.0, *values] if from_zero else values)
    lines = format_html_join(
        "",
        '<g class="series series-{}">{}</g>',
        (
            (number % COLOURS, _draw_line(name, each, labels, scale, format_value))
            for number, (name, each) in enumerate(series.items())
        ),
    )
    text = "; ".join(
        _("%(name)s: from %(first)s to %(last)s")
        % {"name": name, "first": format_value(each[0]), "last": format_value(each[-1])}
        for name, each in series.items()
        if each
    )
    positions = [_get_x(number, count) for number in range(count)]
    x_axis = _draw_x_axis(labels, positions, x_title)
    y_axis = _draw_y_axis(scale, format_value)
    table = _Table(x_title, labels, series, format_value)
    drawing = [y_axis, x_axis, lines, _draw_readouts(positions, table)]
    return _draw_figure(title, text, list(series) if len(series) > 1 else [], drawing, table)


def draw_bars(
    values: Mapping[str, float],
    title: str,
    x_title: str = "",
    format_value: Formatter = format_number,
) -> SafeString:
    """Draw a bar from zero for each value, labelled by its name."""
    scale = _choose_scale([0.0, *values.values()])
    slot = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    positions = [LEFT + slot * (number + 0.5) for number in range(len(values))]
    bars = format_html_join(
        "",
        '<rect class="column" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
        (
            (
                f"{x - slot * 0.36:.1f}",
                f"{_get_y(value, scale):.1f}",
                f"{slot * 0.72:.1f}",
                f"{_get_y(0, scale) - _get_y(value, scale):.1f}",
                name,
                format_value(value),
            )
            for x, (name, value) in zip(positions, values.items(), strict=True)
        ),
    )
    text = ", ".join(f"{name}: {format_value(value)}" for name, value in values.items())
    x_axis = _draw_x_axis(list(values), positions, x_title)
    table = _Table(x_title, list(values), {title: list(values.values())}, format_value)
    y_axis = _draw_y_axis(scale, format_value)
    drawing = [y_axis, x_axis, bars, _draw_readouts(positions, table)]
    return _draw_figure(title, text, [], drawing, table)


def _choose_scale(values: Iterable[float]) -> list[float]:
    """Return two or more round numbers, from below the least value to above the greatest."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        low, high = (0.0, high) if high > 0 else (low, low + 1)
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, last + 1)]


def _get_x(number: int, count: int) -> float:
    share = number / (count - 1) if count > 1 else 0.5
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _get_y(value: float, scale: list[float]) -> float:
    share = (value - scale[0]) / (scale[-1] - scale[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _draw_line(
    name: str,
    values: Sequence[float],
    labels: Sequence[str],
    scale: list[float],
    format_value: Formatter,
) -> SafeString:
    points = [
        (f"{_get_x(number, len(labels)):.1f}", f"{_get_y(value, scale):.1f}")
        for number, value in enumerate(values)
    ]
    dots = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="2.5"><title>{}, {}: {}</title></circle>',
        (
            (*point, name, label, format_value(value))
            for point, label, value in zip(points, labels, values, strict=False)
        ),
    )
    return format_html('<polyline points="{}"/>{}', " ".join(map(",".join, points)), dots)


def _draw_y_axis(scale: list[float], format_value: Formatter) -> SafeString:
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
            for value, y in ((value, _get_y(value, scale)) for value in scale)
        ),
    )


def _draw_x_axis(labels: Sequence[str], positions: list[float], x_title: str) -> SafeString:
    """Draw as many of the labels as fit, evenly spaced."""
    widest = CHARACTER_WIDTH * max(map(len, labels), default=0) + LABEL_GAP
    step = math.ceil(len(labels) * widest / (WIDTH - LEFT - RIGHT)) or 1
    texts = format_html_join(
        "",
        '<text class="x" x="{}" y="{}">{}</text>',
        (
            (f"{x:.1f}", HEIGHT - BOTTOM + 15, label)
            for x, label in list(zip(positions, labels, strict=False))[::step]
        ),
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return format_html(
        '{}<text class="x name" x="{}" y="{}">{}</text>', texts, middle, HEIGHT - 6, x_title
    )


def _draw_readouts(positions: Sequence[float], table: _Table) -> SafeString:
    """Draw for each position a line and the values, which are visible under the pointer only."""
    width = (WIDTH - LEFT - RIGHT) / max(len(positions), 1)
    return format_html_join(
        "",
        '<g class="readout"><rect x="{}" y="0" width="{}" height="{}"/>'
        '<line x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="10">{}</text></g>',
        (
            (
                f"{x - width / 2:.1f}",
                f"{width:.1f}",
                HEIGHT - BOTTOM,
                f"{x:.1f}",
                f"{x:.1f}",
                TOP,
                HEIGHT - BOTTOM,
                LEFT,
                table.describe_row(row),
            )
            for row, x in enumerate(positions)
        ),
    )


def _draw_figure(
    title: str, text: str, legend: list[str], drawing: list[SafeString], table: _Table
) -> SafeString:
    """Draw a figure whose `text` screen readers read instead of the drawing."""
    svg = format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}. {}">{}</svg>',
        WIDTH,
        HEIGHT,
        title,
        text,
        format_html_join("", "{}", ((part,) for part in drawing)),
    )
    items = format_html_join(
        "",
        '<li class="series-{}">{}</li>',
        ((number % COLOURS, name) for number, name in enumerate(legend)),
    )
    return format_html(
        '<figure class="chart"><figcaption>{}</figcaption>{}{}{}</figure>',
        title,
        svg,
        format_html('<ul class="legend">{}</ul>', items) if legend else "",
        table.render(title),
    )
