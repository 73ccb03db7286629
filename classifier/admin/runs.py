"""Training runs: starting, watching and cancelling them."""

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from classifier.admin.read_only import ReadOnlyAdmin
from classifier.admin.training_data import link_model
from classifier.errors import RuleBroken
from classifier.models import ModelVersion, RunState, TrainingRun, get_detail_fields
from classifier.monitoring import charts
from classifier.registry import runs
from classifier.templatetags.numbers import share
from classifier.templatetags.stored import translate_stored

START = "classifier.start_trainingrun"
# The values of the field `how`.
MODES = {
    "new": {"fine_tune": True, "force": False},
    "anyway": {"fine_tune": True, "force": True},
    "scratch": {"fine_tune": False, "force": False},
}
CURVES = {"loss": _("Loss"), "accuracy": _("Accuracy")}
# Only a finished run is complete.
MAX_SHARE = 0.95


@dataclass(frozen=True)
class Progress:
    """The share of a run that has passed, 0 to 1, and the time that is left in words."""

    share: float
    left: str


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("asked_at", "requester", "state", "mode", "duration", "outcome")
    list_filter = ("state",)
    list_select_related = ("asked_by", "result")
    ordering = ("-id",)

    class Media:
        css = {"all": ["models.css", "charts.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        runs.fail_lost_runs()
        return super().get_queryset(request).defer("progress", "log", *get_detail_fields("result"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("start/", view(require_POST(self.start)), name="start_run"),
            path("<int:run_id>/cancel/", view(require_POST(self.cancel)), name="cancel_run"),
            path("<int:run_id>/live/", view(require_safe(self.live)), name="live_run"),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        champion = ModelVersion.objects.champion()
        context = {
            "title": gettext("Training"),
            "champion": champion,
            "new_labels": runs.count_new_labels(champion) if champion else 0,
            # The template calls it, after `get_queryset` has failed lost runs.
            "unfinished": runs.get_unfinished_run,
            "may_start": request.user.has_perm(START),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        context |= _build_context(request, options["obj"])
        return super().render_change_form(request, context, *args, **options)

    def live(self, request: HttpRequest, run_id: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(self.get_queryset(request), pk=run_id)
        context = _build_context(request, run)
        return render(request, "admin/classifier/trainingrun/live.html", context)

    def start(self, request: HttpRequest) -> HttpResponse:
        _require_start_permission(request)
        mode = MODES.get(request.POST.get("how", ""))
        if mode is None:
            return HttpResponseBadRequest(f"how: use one of {', '.join(MODES)}")
        try:
            run = runs.queue_run(cast(User, request.user), **mode)
        except RuleBroken as error:
            messages.error(request, str(error))
            return redirect("admin:classifier_trainingrun_changelist")
        return redirect("admin:classifier_trainingrun_change", run.pk)

    def cancel(self, request: HttpRequest, run_id: int) -> HttpResponse:
        _require_start_permission(request)
        run = get_object_or_404(TrainingRun.objects.only("pk"), pk=run_id)
        try:
            runs.cancel_run(run.pk)
        except RuleBroken as error:
            messages.error(request, str(error))
        return redirect("admin:classifier_trainingrun_change", run.pk)

    @admin.display(description=_("by"))
    def requester(self, run: TrainingRun) -> str:
        return str(run.asked_by or gettext("a command"))

    @admin.display(description=_("starts from"))
    def mode(self, run: TrainingRun) -> str:
        return gettext("the champion") if run.fine_tune else gettext("scratch")

    @admin.display(description=_("duration"))
    def duration(self, run: TrainingRun) -> str:
        return _format_duration(run)

    @admin.display(description=_("model or error"))
    def outcome(self, run: TrainingRun) -> SafeString | str:
        if run.result:
            return link_model(run.result)
        return Truncator(translate_stored(run.error)).chars(90)


def _require_start_permission(request: HttpRequest) -> None:
    if not request.user.has_perm(START):
        raise PermissionDenied


def _build_context(request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
    return {
        "title": gettext("Training %(run)s") % {"run": run},
        "subtitle": None,
        "run": run,
        "duration": _format_duration(run),
        "newest": run.progress[-1] if run.progress else None,
        "curves": [_draw_curve(run, name) for name in CURVES] if run.progress else [],
        "may_start": request.user.has_perm(START),
        "progress": _measure_progress(run),
        "retry": _get_mode(run) if run.state == RunState.FAILED else None,
    }


def _measure_progress(run: TrainingRun) -> Progress | None:
    """Compare a running run's time with that of earlier ones."""
    if run.state != RunState.RUNNING or run.started_at is None:
        return None
    expected = runs.estimate_duration(run.fine_tune)
    elapsed = now() - run.started_at
    left = expected - elapsed
    if left <= timedelta(0):
        return Progress(MAX_SHARE, gettext("It takes longer than usual."))
    share = min(elapsed / expected, MAX_SHARE)
    return Progress(share, _describe_left(left))


def _describe_left(time: timedelta) -> str:
    minutes = math.ceil(time.total_seconds() / 60)
    text = ngettext("About a minute left.", "About %(minutes)s minutes left.", minutes)
    return text % {"minutes": minutes}


def _get_mode(run: TrainingRun) -> str:
    """Return the value of `how` that starts a run like this one."""
    if not run.fine_tune:
        return "scratch"
    return "anyway" if run.force else "new"


def _format_duration(run: TrainingRun) -> str:
    if run.started_at is None:
        return ""
    seconds = int(((run.finished_at or now()) - run.started_at).total_seconds())
    return str(timedelta(seconds=seconds))


def _draw_curve(run: TrainingRun, name: str) -> SafeString:
    series: dict[str, list[float]] = {}
    for epoch in run.progress:
        series.setdefault(gettext("member %(number)s") % {"number": epoch["member"]}, []).append(
            epoch[name]
        )
    is_loss = name == "loss"
    format_value = charts.format_number if is_loss else partial(share, places=1)
    return charts.draw_lines(
        series, str(CURVES[name]), gettext("epoch"), format_value=format_value, from_zero=is_loss
    )
