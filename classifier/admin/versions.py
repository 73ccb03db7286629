"""The models: how each compares with the champion, its training data, and its promotion."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from classifier.admin import figures
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.admin.second_factor import confirm_second_factor
from classifier.admin.training_data import list_labelled_uploads
from classifier.errors import RuleBroken
from classifier.models import ModelState, ModelVersion, Promotion, Source, Via
from classifier.monitoring import charts
from classifier.recognition.imaging import ImageError
from classifier.recognition.labels import DIGITS, Label
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import comparison, shadow, versions
from classifier.templatetags.numbers import share
from classifier.uploads import request_files, submission

PROMOTE = "classifier.promote_modelversion"
SUCCESS = {
    ModelState.CHAMPION: _("Model %s is the champion. All web workers use it within 2 seconds."),
    ModelState.REJECTED: _("Model %s is rejected."),
}
ReasonForm = modelform_factory(Promotion, fields=["reason"])


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("name", "state", "accuracy", "trained_on", "created_at", "promoted")
    list_filter = ("state",)
    ordering = ("-id",)

    class Media:
        css = {"all": ["models.css", "charts.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return versions.list_versions()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("timeline/", view(require_safe(self.timeline)), name="timeline"),
            path("rollback/", view(require_POST(self.rollback)), name="rollback"),
            path("<int:version_id>/promote/", view(require_POST(self.promote)), name="promote"),
            path("<int:version_id>/reject/", view(require_POST(self.reject)), name="reject"),
            path("<int:version_id>/try/", view(require_POST(self.try_both)), name="try_models"),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": gettext("Models")} | (extra_context or {})
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        context |= _build_context(request, options["obj"])
        return super().render_change_form(request, context, *args, **options)

    def timeline(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Serving history"),
            "opts": self.opts,
            "serving_periods": versions.list_serving_periods(),
        }
        return render(request, "admin/classifier/modelversion/timeline.html", context)

    @method_decorator(confirm_second_factor)
    def promote(self, request: HttpRequest, version_id: int) -> HttpResponse:
        version = get_object_or_404(ModelVersion.objects.only("name"), pk=version_id)
        _change_state(request, partial(versions.promote_model, version.name, via=Via.ADMIN))
        return redirect("admin:classifier_modelversion_change", version_id)

    @method_decorator(confirm_second_factor)
    def reject(self, request: HttpRequest, version_id: int) -> HttpResponse:
        version = get_object_or_404(ModelVersion.objects.only("name"), pk=version_id)
        _change_state(request, partial(versions.reject_model, version.name))
        return redirect("admin:classifier_modelversion_change", version_id)

    def try_both(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Let a model and its champion read a picture, which is not stored."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion.objects.without_details(), pk=version_id)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Model %(name)s") % {"name": version},
            "opts": self.opts,
            "version": version,
        }
        status = 200
        try:
            picture = request_files.read_file(request.FILES)
            models = [*filter(None, [_get_other(version), version])]
            context["answers"] = submission.compare_models(picture, models)
        except ImageError as error:
            context["error"] = request_files.translate_error(error)
            status = request_files.get_status(error)
        except ArtifactError as error:
            context["error"], status = str(error), 409
        return render(request, "admin/classifier/modelversion/try.html", context, status=status)

    @method_decorator(confirm_second_factor)
    def rollback(self, request: HttpRequest) -> HttpResponse:
        _change_state(request, partial(versions.roll_back, via=Via.ADMIN))
        return redirect("admin:classifier_modelversion_changelist")

    @admin.display(description=_("accuracy on the test split"))
    def accuracy(self, version: ModelVersion) -> str | None:
        accuracy = version.metrics.get("test", {}).get("accuracy")
        return None if accuracy is None else share(accuracy)

    @admin.display(description=_("trained on"))
    def trained_on(self, version: Any) -> str:
        snapshot = versions.summarize_snapshot(version.snapshot_summary)
        values = {"images": intcomma(snapshot.images), "uploads": intcomma(snapshot.uploads)}
        if snapshot.is_sample:
            return gettext("%(images)s images, %(uploads)s uploaded (SAMPLE of MNIST)") % values
        return gettext("%(images)s images, %(uploads)s uploaded") % values

    @admin.display(description=_("promoted"))
    def promoted(self, version: Any) -> datetime | None:
        promoted_at: datetime | None = version.promoted_at
        return promoted_at


def _change_state(request: HttpRequest, change: Callable[..., ModelVersion]) -> None:
    """Change a model's state for the reason in the form, and show how it went."""
    if not request.user.has_perm(PROMOTE):
        raise PermissionDenied
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"{gettext('Reason')}: {' '.join(map(str, form.errors['reason']))}")
        return
    try:
        version = change(by=cast(User, request.user), reason=form.cleaned_data["reason"])
    except (RuleBroken, ArtifactError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, SUCCESS[ModelState(version.state)] % version)


def _build_context(request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
    is_champion = version.state == ModelState.CHAMPION
    is_candidate = version.state == ModelState.CANDIDATE
    by_source = version.snapshot.get("by_source", {})
    by_label = version.snapshot.get("by_label", {})
    read_in_shadow = shadow.summarize_readings(version) if is_candidate else None
    learned, sets = comparison.list_learned_labels(version), comparison.compare_sets(version)
    return {
        "title": gettext("Model %(name)s") % {"name": version},
        "subtitle": None,
        "version": version,
        "other": _get_other(version),
        "against": version.comparison.get("against"),
        "learned": learned,
        "sets": sets,
        "totals": comparison.add_up(learned, sets),
        "shadow": read_in_shadow,
        "differing": shadow.group_differing(version) if is_candidate else None,
        "sections": figures.build_sections(version, read_in_shadow),
        "snapshot": version.snapshot,
        "sources": [(source.label, by_source[source]) for source in Source if source in by_source],
        "non_digits": by_label.get(Label.NOT_A_DIGIT, 0),
        "label_charts": _draw_labels(by_label, version.snapshot.get("corrected", {})),
        "labelled_uploads": list_labelled_uploads(version),
        "serving_periods": versions.list_serving_periods().filter(model=version),
        "previous": versions.get_previous_champion() if is_champion else None,
        "may_label": request.user.has_perm("classifier.label_inputimage"),
        "may_promote": request.user.has_perm(PROMOTE),
    }


def _get_other(version: ModelVersion) -> ModelVersion | None:
    """Return the champion, unless the model itself is."""
    champion = ModelVersion.objects.champion()
    return champion if champion and champion.pk != version.pk else None


def _draw_labels(by_label: dict[str, int], corrected: dict[str, str]) -> list[SafeString]:
    """Draw the labels of all images, and those of uploads, which MNIST's 60,000 would hide."""
    counts = {
        gettext("All images"): by_label,
        gettext("Labelled uploads"): Counter(corrected.values()),
    }
    return [
        charts.draw_bars({digit: each.get(digit, 0) for digit in DIGITS}, title, gettext("label"))
        for title, each in counts.items()
        if any(each.get(digit) for digit in DIGITS)
    ]
