"""Small charts as SVG, coloured by static/charts.css, each with a table of its values."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, HEIGHT = 360, 180
LEFT, RIGHT, TOP, BOTTOM = 46, WIDTH - 14, 20, HEIGHT - 40
FRAME = {
    "width": WIDTH,
    "height": HEIGHT,
    "left": LEFT,
    "right": RIGHT,
    "top": TOP,
    "bottom": BOTTOM,
    "middle": (LEFT + RIGHT) // 2,
}
COLOURS = 6
CHARACTER_WIDTH, LABEL_GAP = 6, 2
BAR = 0.72  # of the space for a bar

Formatter = Callable[[float], str]


def format_number(value: float) -> str:
    text = f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"
    return number_format(text, force_grouping=True)


def draw_lines(
    series: Mapping[str, Sequence[float]],
    title: str,
    x_title: str = "",
    labels: Sequence[str] = (),
    format_value: Formatter = format_number,
    from_zero: bool = False,
) -> SafeString:
    """Draw a line for each series. `labels` name the points on the x axis, 1, 2, 3 … by default."""
    count = max((len(values) for values in series.values()), default=0)
    labels = labels or [str(number) for number in range(1, count + 1)]
    values = [value for each in series.values() for value in each]
    scale = _choose_scale([0.0, *values] if from_zero else values)
    shares = [number / (count - 1) if count > 1 else 0.5 for number in range(count)]
    positions = [LEFT + share * (RIGHT - LEFT) for share in shares]
    lines = [
        {
            "name": name,
            "colour": number % COLOURS,
            "points": [
                {"x": f"{x:.1f}", "y": _place(y, scale), "label": label, "value": format_value(y)}
                for x, label, y in zip(positions, labels, each, strict=False)
            ],
        }
        for number, (name, each) in enumerate(series.items())
    ]
    text = _describe_lines(series, format_value)
    context = {"title": title, "text": text, "x_title": x_title, "lines": lines}
    return _render(context, series, labels, positions, scale, format_value)


def _describe_lines(series: Mapping[str, Sequence[float]], format_value: Formatter) -> str:
    return "; ".join(
        _("%(name)s: from %(first)s to %(last)s")
        % {"name": name, "first": format_value(each[0]), "last": format_value(each[-1])}
        for name, each in series.items()
        if each
    )


def draw_bars(
    values: Mapping[str, float],
    title: str,
    x_title: str = "",
    format_value: Formatter = format_number,
) -> SafeString:
    """Draw a bar from zero for each value, labelled by its name."""
    scale = _choose_scale([0.0, *values.values()])
    slot = (RIGHT - LEFT) / max(len(values), 1)
    positions = [LEFT + slot * (number + 0.5) for number in range(len(values))]
    bars = [
        {
            "x": f"{x - slot * BAR / 2:.1f}",
            "y": _place(value, scale),
            "width": f"{slot * BAR:.1f}",
            "height": f"{_measure_height(value, scale) - _measure_height(0, scale):.1f}",
            "name": name,
            "value": format_value(value),
        }
        for x, (name, value) in zip(positions, values.items(), strict=True)
    ]
    text = ", ".join(f"{name}: {format_value(value)}" for name, value in values.items())
    context = {"title": title, "text": text, "x_title": x_title, "bars": bars}
    series = {title: [*values.values()]}
    return _render(context, series, [*values], positions, scale, format_value)


def _render(
    context: dict[str, Any],
    series: Mapping[str, Sequence[float]],
    labels: Sequence[str],
    positions: Sequence[float],
    scale: Sequence[float],
    format_value: Formatter,
) -> SafeString:
    """Render a chart with its axes, its values under the pointer, and their table."""
    rows = [
        [format_value(values[row]) if row < len(values) else "" for values in series.values()]
        for row in range(len(labels))
    ]
    width = (RIGHT - LEFT) / max(len(positions), 1)
    # As many labels as fit, evenly spaced.
    widest = CHARACTER_WIDTH * max(map(len, labels), default=0) + LABEL_GAP
    every = math.ceil(len(labels) * widest / (RIGHT - LEFT)) or 1
    placed = [*zip(positions, labels, rows, strict=False)]
    return render_to_string(
        "chart.html",
        context
        | {
            "frame": FRAME,
            "scale": [{"y": _place(value, scale), "label": format_value(value)} for value in scale],
            "ticks": [{"x": f"{x:.1f}", "label": label} for x, label, _row in placed[::every]],
            "readouts": [
                {
                    "x": f"{x:.1f}",
                    "start": f"{x - width / 2:.1f}",
                    "width": f"{width:.1f}",
                    "text": f"{label}: {_describe(series, row)}",
                }
                for x, label, row in placed
            ],
            "columns": [*series],
            "rows": [*zip(labels, rows, strict=True)],
        },
    )


def _describe(names: Iterable[str], values: list[str]) -> str:
    if len(values) == 1:
        return values[0]
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


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


def _measure_height(value: float, scale: Sequence[float]) -> float:
    """Return the height of a value above the x axis in pixels."""
    return (value - scale[0]) / (scale[-1] - scale[0]) * (BOTTOM - TOP)


def _place(value: float, scale: Sequence[float]) -> str:
    return f"{BOTTOM - _measure_height(value, scale):.1f}"
