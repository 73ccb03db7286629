"""Format a learning curve as a table and a plot."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

QUEUE, RANDOM = "queue", "random"
STYLES: dict[str, dict[str, Any]] = {
    QUEUE: {"color": "tab:blue", "marker": "o", "label": "labelled in the queue's order"},
    RANDOM: {"color": "tab:orange", "marker": "s", "label": "labelled in random order"},
}
TOLERANCE = 0.05  # percentage points on MNIST's test split
HEAD = (
    "| stream | order | labels | right | called digit | of these right "
    "| non-digits rejected | MNIST's test split |\n|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Point:
    """The results after some labels, as shares from 0 to 1.

    `others` has the metrics on pictures of other people, `mnist` the accuracy on the test split.
    """

    stream: str
    order: str
    seed: int
    labels: int
    others: dict[str, Any]
    mnist: float


Metric = Callable[[Point], float]


def format_table(points: list[Point]) -> str:
    """Return a Markdown table, with the mean of random orders."""
    rows = dict.fromkeys((point.stream, point.order, point.labels) for point in points)
    return HEAD + "".join(
        _format_row([point for point in points if (point.stream, point.order, point.labels) == row])
        for row in rows
    )


def _format_row(points: list[Point]) -> str:
    first = points[0]
    others = [
        _format_percent([point.others[name] for point in points])
        for name in ("accuracy", "coverage", "accuracy_at_digit", "non_digits_refused")
    ]
    order = first.order if first.labels else "–"
    cells = [
        first.stream,
        order,
        str(first.labels),
        *others,
        _format_percent([p.mnist for p in points]),
    ]
    return f"| {' | '.join(cells)} |\n"


def _format_percent(shares: list[float | None]) -> str:
    values = [share for share in shares if share is not None]
    return f"{100 * np.mean(values):.2f} %" if values else "–"


def draw_plot(points: list[Point], path: Path) -> None:
    """Draw the points of one stream."""
    panels: dict[str, Metric] = {
        "Other people's digits, right (%)": lambda point: float(point.others["accuracy"]),
        "Other people's digits, called digit (%)": lambda point: float(point.others["coverage"]),
        "MNIST's test split (%)": lambda point: point.mnist,
    }
    figure, grid = pyplot.subplot_mosaic(
        [[0, 1], [2, 2]], figsize=(10, 5.8), height_ratios=[3, 1], layout="constrained"
    )
    for number, (title, metric) in enumerate(panels.items()):
        axes = grid[number]
        for order in (RANDOM, QUEUE):
            _draw_line(axes, points, order, metric)
        axes.set_title(title, loc="left", size=11)
        axes.set_xticks(_list_counts(points))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].legend(loc="lower right", frameon=False)
    grid[2].set_xlabel("labels")
    _draw_tolerance(grid[2], 100 * points[0].mnist)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_tolerance(axes: Axes, before: float) -> None:
    axes.axhspan(before - TOLERANCE, before + TOLERANCE, color="grey", alpha=0.15, lw=0)
    axes.text(
        1, before + TOLERANCE, f"± {TOLERANCE} points ", color="grey", size=8,
        ha="right", va="bottom", transform=axes.get_yaxis_transform(),
    )  # fmt: skip
    axes.set_ylim(before - 3 * TOLERANCE, before + 3 * TOLERANCE)


def _draw_line(axes: Axes, points: list[Point], order: str, metric: Metric) -> None:
    """Draw the mean over seeds, and a pale dot for each seed."""
    selected = [point for point in points if point.order == order or not point.labels]
    values = {
        n: [100 * metric(p) for p in selected if p.labels == n] for n in _list_counts(selected)
    }
    axes.plot(list(values), [np.mean(group) for group in values.values()], lw=2, **STYLES[order])
    for labels, group in values.items():
        if len(group) > 1:
            axes.plot([labels] * len(group), group, ".", color=STYLES[order]["color"], alpha=0.4)


def _list_counts(points: list[Point]) -> list[int]:
    return sorted({point.labels for point in points})
