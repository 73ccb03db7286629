"""Tables of a model's metrics beside the champion's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from classifier.registry.comparison import TITLES
from classifier.templatetags.numbers import share

MISSING = "–"


@dataclass(frozen=True)
class Metric:
    title: str
    format_value: Callable[[float], str] = share
    less_is_better: bool = False


METRICS = {
    "accuracy": Metric("read right"),
    "coverage": Metric("accepted as a digit"),
    "accuracy_at_digit": Metric("read right where accepted"),
    "non_digits_refused": Metric("non-digits refused"),
    "auroc": Metric("digits against non-digits (AUROC)", "{:.4f}".format),
    "ece": Metric("calibration error (ECE)", "{:.4f}".format, less_is_better=True),
}


@dataclass(frozen=True)
class Row:
    """One metric of a model and the champion; `change` is "better", "worse" or empty."""

    title: str
    value: str
    champion_value: str = MISSING
    change: str = ""


@dataclass(frozen=True)
class Table:
    title: str
    rows: list[Row]


def build_tables(metrics: dict[str, Any], champion_metrics: dict[str, Any]) -> list[Table]:
    """Return a table for each set of images that a model was measured on.

    Only figures from equally many images are compared, as the held-out uploads grow.
    """
    tables = []
    for name, title in TITLES.items():
        if values := metrics.get(name):
            size = _describe_size(values)
            champion_values = champion_metrics.get(name, {})
            comparable = champion_values if _describe_size(champion_values) == size else {}
            tables.append(Table(f"{title}, {size}", _build_rows(values, comparable)))
    return tables


def _describe_size(values: dict[str, Any]) -> str:
    digits, non_digits = values.get("digits", 0), values.get("non_digits", 0)
    return f"{digits:,} digits" + (f" and {non_digits:,} non-digits" if non_digits else "")


def _build_rows(values: dict[str, Any], champion_values: dict[str, Any]) -> list[Row]:
    return [
        _build_row(metric, values[name], champion_values.get(name))
        for name, metric in METRICS.items()
        if values.get(name) is not None
    ]


def _build_row(metric: Metric, value: float, champion_value: float | None) -> Row:
    text = metric.format_value(value)
    if champion_value is None:
        return Row(metric.title, text)
    champion_text = metric.format_value(champion_value)
    is_better = (value < champion_value) == metric.less_is_better
    change = "" if text == champion_text else "better" if is_better else "worse"
    return Row(metric.title, text, champion_text, change)
