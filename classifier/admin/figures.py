"""The table of a model's figures beside the champion's, on the same images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from classifier.models import ModelVersion
from classifier.recognition.intervals import bound_share
from classifier.registry.comparison import TITLES
from classifier.registry.shadow import ShadowSummary
from classifier.templatetags.numbers import format_range, share

MISSING = "–"
METRICS = {
    "accuracy": gettext_lazy("read right"),
    "coverage": gettext_lazy("accepted as a digit"),
    "accuracy_at_digit": gettext_lazy("read right where accepted"),
    "non_digits_refused": gettext_lazy("non-digits refused"),
}


@dataclass(frozen=True)
class Figure:
    """A share and its exact 95 % interval, as text."""

    share: str = MISSING
    interval: str = ""


@dataclass(frozen=True)
class Row:
    """One figure of the champion and of a model; `change` is "better", "worse" or empty."""

    title: str
    champion: Figure
    candidate: Figure
    change: str = ""


@dataclass(frozen=True)
class Section:
    """The rows of one set of images."""

    title: str
    rows: list[Row]


def build_sections(version: ModelVersion, shadow: ShadowSummary | None) -> list[Section]:
    """Return the figures by set, with the champion's where it was measured on the same images."""
    champion: dict[str, Any] = version.effects.get("champion_metrics", {})
    names = [name for name in TITLES if name in (champion or version.metrics)]
    sections = [
        Section(
            f"{TITLES[name]}, {_describe_size(version.metrics[name])}",
            [*_build_rows(champion.get(name, {}), version.metrics[name])],
        )
        for name in names
        if name in version.metrics
    ]
    return sections + (_describe_shadow(shadow) if shadow and shadow.labelled else [])


def _describe_size(metrics: dict[str, Any]) -> str:
    digits, non_digits = metrics.get("digits", 0), metrics.get("non_digits", 0)
    if not non_digits:
        return ngettext("%(digits)s digit", "%(digits)s digits", digits) % {
            "digits": intcomma(digits)
        }
    return _("%(digits)s digits and %(non_digits)s non-digits") % {
        "digits": intcomma(digits),
        "non_digits": intcomma(non_digits),
    }


def _build_rows(champion: dict[str, Any], candidate: dict[str, Any]) -> Iterator[Row]:
    for name, title in METRICS.items():
        if candidate.get(name) is not None:
            before, after = _build_figure(champion, name), _build_figure(candidate, name)
            yield _build_row(str(title), champion.get(name), candidate[name], before, after)


def _build_figure(metrics: dict[str, Any], name: str) -> Figure:
    value, interval = metrics.get(name), metrics.get(f"{name}_interval")
    if value is None:
        return Figure()
    return Figure(share(value), format_range(*interval) if interval else "")


def _build_row(
    title: str, before: float | None, after: float, champion: Figure, candidate: Figure
) -> Row:
    is_same = before is None or champion.share == candidate.share
    change = "" if is_same else "better" if after > (before or 0) else "worse"
    return Row(title, champion, candidate, change)


def _describe_shadow(shadow: ShadowSummary) -> list[Section]:
    """Return the section of recent uploads that the models read differently."""
    figures = [
        Figure(
            _("%(right)s of %(all)s") % {"right": right, "all": shadow.labelled},
            format_range(*bound_share(right, shadow.labelled)),
        )
        for right in (shadow.worse, shadow.better)
    ]
    row = _build_row(str(METRICS["accuracy"]), shadow.worse, shadow.better, *figures)
    title = _("Recent uploads that they read differently, %(count)s labelled since") % {
        "count": intcomma(shadow.labelled)
    }
    return [Section(title, [row])]
