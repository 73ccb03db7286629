"""The overview on the admin's first page: of each thing, as much as the person may see."""

from datetime import date
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.utils.safestring import SafeString

from classifier.labelling import audits
from classifier.monitoring import charts, statistics
from classifier.monitoring.audits import summarize_audits
from classifier.monitoring.statistics import ChampionSummary, DailyVerdicts, Drift
from classifier.registry import alarms, runs, shadow
from classifier.templatetags.numbers import share

register = template.Library()


@register.inclusion_tag("admin/dashboard.html")
def dashboard(user: User) -> dict[str, Any]:
    champion = statistics.get_champion()
    parts: dict[str, Any] = {}
    if _may(user, "view_inputimage") or _may(user, "label_inputimage"):
        parts |= _labelling() | {"may_label": _may(user, "label_inputimage")}
    if _may(user, "view_modelversion"):
        parts |= _serving(champion)
    if _may(user, "view_trainingrun"):
        parts |= _training(champion)
    return parts


def _may(user: User, permission: str) -> bool:
    return user.has_perm(f"classifier.{permission}")


def _labelling() -> dict[str, Any]:
    labellers = statistics.list_labellers()
    doubt = statistics.list_daily_verdicts()
    return {
        "queue": statistics.count_queue(),
        "labellers": labellers,
        "labelled": sum(labeller.labels for labeller in labellers),
        "doubt": doubt[-1] if doubt else None,
        "doubt_chart": _doubt_chart(doubt),
    }


def _serving(champion: ChampionSummary | None) -> dict[str, Any]:
    drift = statistics.measure_drift(champion) if champion else None
    days = drift.days if drift else []
    candidate = shadow.find_candidate()
    return {
        "sees_models": True,
        "champion": champion,
        "alarms": alarms.list_open_alarms(),
        "audits": summarize_audits(),
        "candidate": candidate,
        "shadow": shadow.summarize(candidate) if candidate else None,
        "promise": audits.find_promise(champion.version) if champion else None,
        "confidence": days[-1] if days else None,
        "drift": _drift_in_words(drift) if drift and days else "",
        "drift_chart": _drift_chart(drift) if drift else "",
    }


def _training(champion: ChampionSummary | None) -> dict[str, Any]:
    return {
        "sees_training": True,
        "run": runs.get_unfinished(),
        "new_labels": runs.count_new_labels(champion.version) if champion else None,
    }


def _doubt_chart(days: list[DailyVerdicts]) -> SafeString | str:
    """A single day makes no line; the sentence beside says it all."""
    if len(days) < 2:
        return ""
    series = {
        "unsure": [day.unsure / day.read for day in days],
        "not a digit": [day.refused / day.read for day in days],
    }
    labels = [_short(day.day) for day in days]
    return charts.draw_lines(
        series, "Share in doubt, by day", "day", labels, _percent, from_zero=True
    )


def _drift_chart(drift: Drift) -> SafeString | str:
    if len(drift.days) < 2:
        return ""
    series = {"mean": [day.mean for day in drift.days]}
    if drift.first_week is not None:
        series["its first week"] = [drift.first_week] * len(drift.days)
    labels = [_short(day.day) for day in drift.days]
    return charts.draw_lines(
        series, "Confidence of the model that serves, by day", "day", labels, _percent
    )


def _drift_in_words(drift: Drift) -> str:
    difference = drift.days[-1].mean - (drift.first_week or 0)
    if drift.first_week is None or abs(difference) < 0.0005:
        return "as in its first week"
    way = "more" if difference > 0 else "less"
    return f"{abs(100 * difference):.1f} points {way} than in its first week"


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _percent(value: float) -> str:
    return share(value, -2)
