"""The overview on the admin's first page, as far as a person's permissions go."""

from datetime import date
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.template.defaultfilters import floatformat
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from classifier.labelling import audits, queue
from classifier.labelling.selection import Order
from classifier.models import ModelVersion
from classifier.monitoring import charts, statistics
from classifier.monitoring.audits import summarize_audits
from classifier.monitoring.statistics import ChampionSummary, DailyVerdicts, Drift
from classifier.registry import alarms, erasures, runs, shadow
from classifier.templatetags.numbers import share

# With fewer new labels, labelling more of them improves the next model most.
ENOUGH_LABELS = 50


class Step(StrEnum):
    """A column of the overview."""

    LABEL = "label"
    TRAIN = "train"
    DECIDE = "decide"


def build_overview(user: User) -> dict[str, Any]:
    """Return the context of templates/admin/overview.html."""
    champion = statistics.get_champion()
    may_label = user.has_perm("classifier.label_inputimage")
    context: dict[str, Any] = {}
    if may_label or user.has_perm("classifier.view_inputimage"):
        context |= _build_labelling() | {"may_label": may_label}
    if user.has_perm("classifier.view_modelversion"):
        context |= _build_serving(champion)
    if user.has_perm("classifier.view_trainingrun"):
        context |= _build_training(champion)
    return context | {"next_step": _find_next_step(context, user)}


def _find_next_step(context: dict[str, Any], user: User) -> Step | None:
    """Return the step that brings the site on most, among those that this person may take."""
    waiting = context["queue"].waiting if context.get("may_label") else 0
    new_labels = context.get("new_labels") or 0
    is_free = user.has_perm("classifier.start_trainingrun") and not context.get("run")
    if context.get("candidate") and user.has_perm("classifier.promote_modelversion"):
        return Step.DECIDE
    if is_free and new_labels >= (ENOUGH_LABELS if waiting else 1):
        return Step.TRAIN
    return Step.LABEL if waiting else None


def _build_labelling() -> dict[str, Any]:
    labellers = statistics.list_labellers()
    days = statistics.list_daily_verdicts()
    return {
        "queue": statistics.count_queue(),
        "disputed": queue.count_waiting(Order.DISPUTED),
        "has_grid": not settings.HIDE_GUESS,
        "mislabelled": queue.count_waiting(Order.MISLABELLED),
        "labellers": labellers,
        "labelled": sum(labeller.labels for labeller in labellers),
        "verdicts": days[-1] if days else None,
        "verdict_chart": _draw_verdicts(days),
    }


def _build_serving(champion: ChampionSummary | None) -> dict[str, Any]:
    drift = statistics.measure_drift(champion) if champion else None
    days = drift.days if drift else []
    candidate = ModelVersion.objects.newest_candidate()
    return {
        "sees_models": True,
        "champion": champion,
        "alarms": alarms.list_open_alarms(),
        "audits": summarize_audits(),
        "deleted_images": erasures.list_deleted_images(champion.version).count() if champion else 0,
        "forget_by": erasures.compute_deadline(champion.version) if champion else None,
        "candidate": candidate,
        "shadow": shadow.summarize_readings(candidate) if candidate else None,
        "promise": audits.find_promise(champion.version) if champion else None,
        "confidence": days[-1] if days else None,
        "drift": _describe_drift(drift) if drift and days else "",
        "drift_chart": _draw_drift(drift) if drift else "",
    }


def _build_training(champion: ChampionSummary | None) -> dict[str, Any]:
    return {
        "sees_training": True,
        "run": runs.get_unfinished_run(),
        "last_run": runs.get_last_finished_run(),
        "new_labels": runs.count_new_labels(champion.version) if champion else None,
    }


def _draw_verdicts(days: list[DailyVerdicts]) -> SafeString | str:
    if len(days) < 2:  # a single day makes no line
        return ""
    series = {
        _("unsure"): [day.unsure / day.read for day in days],
        _("not a digit"): [day.refused / day.read for day in days],
    }
    labels = [_format_day(day.day) for day in days]
    return charts.draw_lines(
        series, _("Unsure and refused, by day"), _("day"), labels, _format_percent, from_zero=True
    )


def _draw_drift(drift: Drift) -> SafeString | str:
    if len(drift.days) < 2:
        return ""
    series = {_("mean"): [day.mean for day in drift.days]}
    if drift.first_week is not None:
        series[_("its first week")] = [drift.first_week] * len(drift.days)
    labels = [_format_day(day.day) for day in drift.days]
    return charts.draw_lines(
        series, _("Confidence of the champion, by day"), _("day"), labels, _format_percent
    )


def _describe_drift(drift: Drift) -> str:
    difference = drift.days[-1].mean - (drift.first_week or 0)
    if drift.first_week is None or abs(difference) < 0.0005:
        return _("as in its first week")
    text = (
        _("%(points)s points more than in its first week")
        if difference > 0
        else _("%(points)s points less than in its first week")
    )
    return text % {"points": floatformat(abs(100 * difference), 1)}


def _format_day(day: date) -> str:
    # Translators: a day and a month, in the format characters of Django.
    return date_format(day, _("j M"))


def _format_percent(value: float) -> str:
    return share(value, 2)
