"""The models on record: how each compares, what it learnt from, and which one serves."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from classifier.admin import figures
from classifier.admin.learnt import corrected
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.errors import RuleBroken
from classifier.models import ModelState, ModelVersion, Promotion, Source, Via
from classifier.monitoring import charts
from classifier.recognition.labels import Label
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import comparison, versions
from classifier.templatetags.numbers import share

PROMOTE = "classifier.promote_modelversion"
CHANGELIST = "admin:classifier_modelversion_changelist"
Why = modelform_factory(Promotion, fields=["reason"])


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("name", "state", "accuracy", "learnt_from", "made", "promoted")
    list_filter = ("state",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return versions.list_versions()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("timeline/", view(require_safe(self.timeline)), name="timeline"),
            path("rollback/", view(require_POST(self.rollback)), name="rollback"),
            path("<int:version_id>/promote/", view(require_POST(self.promote)), name="promote"),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Models"} | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        shown = _shown(request, version) if version else {}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def timeline(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = {
            **self.admin_site.each_context(request),
            "title": "What was live when",
            "opts": self.opts,
            "timeline": versions.list_serving_periods(),
        }
        return render(request, "admin/classifier/modelversion/timeline.html", shown)

    def promote(self, request: HttpRequest, version_id: int) -> HttpResponse:
        _check_may_promote(request)
        version = get_object_or_404(ModelVersion.objects.only("name"), pk=version_id)
        if (why := _why(request)) is not None:
            _serve(request, versions.promote, name=version.name, reason=why)
        return redirect("admin:classifier_modelversion_change", version_id)

    def rollback(self, request: HttpRequest) -> HttpResponse:
        _check_may_promote(request)
        if (why := _why(request)) is not None:
            _serve(request, versions.rollback, reason=why)
        return redirect(CHANGELIST)

    @admin.display(description="accuracy on the test split")
    def accuracy(self, version: ModelVersion) -> str:
        accuracy = version.metrics.get("test", {}).get("accuracy")
        return figures.NOTHING if accuracy is None else share(accuracy)

    @admin.display(description="learnt from")
    def learnt_from(self, version: Any) -> str:
        learnt = versions.summarize_snapshot(version.learnt_from)
        sample = " (SAMPLE of MNIST)" if learnt.is_sample else ""
        return f"{learnt.images:,} images, {learnt.uploads:,} uploads{sample}"

    @admin.display(description="made", ordering="created_at")
    def made(self, version: ModelVersion) -> str:
        return f"{version.created_at:%Y-%m-%d %H:%M}"

    @admin.display(description="promoted")
    def promoted(self, version: Any) -> str:
        at = version.promoted_at
        return f"{at:%Y-%m-%d %H:%M}" if at else figures.NOTHING


def _check_may_promote(request: HttpRequest) -> None:
    if not request.user.has_perm(PROMOTE):
        raise PermissionDenied


def _why(request: HttpRequest) -> str | None:
    """The reason that was given; None, and a message, where it can't be kept."""
    form = Why(request.POST)
    if form.is_valid():
        return str(form.cleaned_data["reason"])
    messages.error(request, f"Why: {' '.join(map(str, form.errors['reason']))}")
    return None


def _serve(request: HttpRequest, change: Any, **values: Any) -> None:
    try:
        version = change(by=cast(User, request.user), via=Via.ADMIN, **values)
    except (RuleBroken, ArtifactError) as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, f"Model {version} serves now; the web workers take it up within 2 seconds."
        )


def _shown(request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
    champion = versions.get_champion()
    other = champion if champion and champion.pk != version.pk else None
    return {
        "title": f"Model {version}",
        "subtitle": None,
        "version": version,
        "other": other,
        "sets": comparison.compare_sets(version),
        "tables": figures.tables(version.metrics, other.metrics if other else {}),
        "snapshot": version.snapshot,
        "sources": _sources(version),
        "by_label": _by_label(version),
        "corrected": corrected(version.snapshot),
        "reigns": [
            each
            for each in versions.list_serving_periods()
            if each.promotion.model_id == version.pk
        ],
        "previous": versions.get_previous_champion()
        if version.state == ModelState.CHAMPION
        else None,
        "may_promote": request.user.has_perm(PROMOTE),
    }


def _sources(version: ModelVersion) -> list[tuple[str, int]]:
    counts = version.snapshot.get("by_source", {})
    return [(source.label, counts[source]) for source in Source if source in counts]


def _by_label(version: ModelVersion) -> SafeString | None:
    counts = version.snapshot.get("by_label", {})
    named = {
        label.replace(Label.NOT_A_DIGIT, comparison.NONE): count for label, count in counts.items()
    }
    return charts.draw_bars(named, "Images by label") if named else None
