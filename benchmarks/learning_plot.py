"""The table and the plot of a learning curve."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

QUEUE, RANDOM = "queue", "random"
LOOKS: dict[str, dict[str, Any]] = {
    QUEUE: {"color": "tab:blue", "marker": "o", "label": "labelled in the queue's order"},
    RANDOM: {"color": "tab:orange", "marker": "s", "label": "labelled in random order"},
}
MAY_LOSE = 0.05  # points, on MNIST's test split
HEAD = (
    "| stream | order | labels | read right | kept as digit | of these right "
    "| non-digits refused | MNIST's test split |\n|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Point:
    """After so many labels: `evaluate.figures` of what others sent, and accuracy on MNIST's test
    split; shares are 0 to 1."""

    stream: str
    order: str
    seed: int
    labels: int
    others: dict[str, Any]
    mnist: float


Figure = Callable[[Point], float]
"""Of a point, a share from 0 to 1."""


def right(point: Point) -> float:
    return float(point.others["accuracy"])


def kept(point: Point) -> float:
    return float(point.others["coverage"])


def mnist(point: Point) -> float:
    return point.mnist


def table(points: list[Point]) -> str:
    """In Markdown; random orders are averaged."""
    rows = dict.fromkeys((point.stream, point.order, point.labels) for point in points)
    return HEAD + "".join(
        _row([point for point in points if (point.stream, point.order, point.labels) == row])
        for row in rows
    )


def _row(points: list[Point]) -> str:
    first = points[0]
    others = [
        _percent([point.others[name] for point in points])
        for name in ("accuracy", "coverage", "accuracy_at_digit", "non_digits_refused")
    ]
    order = first.order if first.labels else "–"
    cells = [first.stream, order, str(first.labels), *others, _percent([p.mnist for p in points])]
    return f"| {' | '.join(cells)} |\n"


def _percent(shares: list[float | None]) -> str:
    known = [share for share in shares if share is not None]
    return f"{100 * np.mean(known):.2f} %" if known else "–"


def draw(points: list[Point], path: Path) -> None:
    """Of one stream."""
    panels: dict[str, Figure] = {
        "Other people's digits read right (%)": right,
        "Kept as digit, without doubt (%)": kept,
        "MNIST's test split (%)": mnist,
    }
    figure, grid = pyplot.subplot_mosaic(
        [[0, 1], [2, 2]], figsize=(10, 5.8), height_ratios=[3, 1], layout="constrained"
    )
    for place, (title, of) in enumerate(panels.items()):
        axes = grid[place]
        for order in (RANDOM, QUEUE):
            _line(axes, points, order, of)
        axes.set_title(title, loc="left", size=11)
        axes.set_xticks(_labels(points))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].legend(loc="lower right", frameon=False)
    grid[2].set_xlabel("labels given")
    _what_it_may_lose(grid[2], 100 * points[0].mnist)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _what_it_may_lose(axes: Axes, before: float) -> None:
    axes.axhspan(before - MAY_LOSE, before + MAY_LOSE, color="grey", alpha=0.15, lw=0)
    axes.text(
        1, before + MAY_LOSE, f"± {MAY_LOSE} points ", color="grey", size=8,
        ha="right", va="bottom", transform=axes.get_yaxis_transform(),
    )  # fmt: skip
    axes.set_ylim(before - 3 * MAY_LOSE, before + 3 * MAY_LOSE)


def _line(axes: Axes, points: list[Point], order: str, of: Figure) -> None:
    """The mean over seeds, and pale dots for each."""
    mine = [point for point in points if point.order == order or not point.labels]
    values = {n: [100 * of(p) for p in mine if p.labels == n] for n in _labels(mine)}
    axes.plot(list(values), [np.mean(each) for each in values.values()], lw=2, **LOOKS[order])
    for labels, each in values.items():
        if len(each) > 1:
            axes.plot([labels] * len(each), each, ".", color=LOOKS[order]["color"], alpha=0.4)


def _labels(points: list[Point]) -> list[int]:
    return sorted({point.labels for point in points})
