"""A model's figures beside the champion's, as rows of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from classifier.registry.comparison import TITLES
from classifier.templatetags.numbers import share

NOTHING = "–"


def number(value: float) -> str:
    return f"{value:.4f}"


@dataclass(frozen=True)
class Figure:
    title: str
    say: Callable[[float], str] = share
    less_is_better: bool = False


FIGURES = {
    "accuracy": Figure("read right"),
    "coverage": Figure("kept as digit"),
    "accuracy_at_digit": Figure("right where kept as digit"),
    "non_digits_refused": Figure("non-digits refused"),
    "auroc": Figure("digits told from non-digits (AUROC)", number),
    "ece": Figure("error of the confidence (ECE)", number, less_is_better=True),
}


@dataclass(frozen=True)
class Row:
    """`change` is "better", "worse" or empty."""

    title: str
    mine: str
    theirs: str
    change: str


@dataclass(frozen=True)
class Table:
    title: str
    rows: list[Row]


def tables(mine: dict[str, Any], theirs: dict[str, Any]) -> list[Table]:
    """`metrics` of a model and of the champion, which may be empty.

    Uploads are held out as they come in, so that figures of as many images only are compared.
    """
    return [
        Table(
            f"{title}, {_size(mine[name])}",
            _rows(mine[name], _comparable(mine[name], theirs.get(name, {}))),
        )
        for name, title in TITLES.items()
        if mine.get(name)
    ]


def _size(measured: dict[str, Any]) -> str:
    digits, others = measured.get("digits", 0), measured.get("non_digits", 0)
    return f"{digits:,} digits" + (f" and {others:,} non-digits" if others else "")


def _comparable(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return theirs if _size(theirs) == _size(mine) else {}


def _rows(mine: dict[str, Any], theirs: dict[str, Any]) -> list[Row]:
    return [
        _row(figure, mine[name], theirs.get(name))
        for name, figure in FIGURES.items()
        if mine.get(name) is not None
    ]


def _row(figure: Figure, mine: float, theirs: float | None) -> Row:
    if theirs is None:
        return Row(figure.title, figure.say(mine), NOTHING, "")
    told = figure.say(mine), figure.say(theirs)
    better = (mine < theirs) == figure.less_is_better
    change = "" if told[0] == told[1] else "better" if better else "worse"
    return Row(figure.title, *told, change)
