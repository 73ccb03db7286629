"""Uploaded digits: the list that staff label from, and one image's page with its history."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from classifier.admin import grid, queue
from classifier.admin.paging import DeferredJoinPaginator
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.admin.training_data import link_models_trained_on
from classifier.admin.uploads import original_picture
from classifier.errors import RuleBroken
from classifier.labelling import labels
from classifier.models import InputImage, LabelChange, Prediction, Via
from classifier.models.constraints import build_choices
from classifier.recognition.labels import LABELS, Label
from classifier.templatetags.numbers import percent
from classifier.uploads import verdict_text


class LabelFilter(admin.SimpleListFilter):
    """Opens on what nobody has labelled yet."""

    title = "label"
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return build_choices(label for label in LABELS if label != Label.UNKNOWN)

    def choices(self, changelist: Any) -> Any:
        return [
            self._choice(changelist, "unknown", Label.UNKNOWN, self.value() is None),
            self._choice(changelist, "all", "all", self.value() == "all"),
            *(
                self._choice(changelist, str(title), value, self.value() == value)
                for value, title in self.lookup_choices
            ),
        ]

    def _choice(self, changelist: Any, title: str, value: str, selected: bool) -> dict[str, Any]:
        parameter = None if value == Label.UNKNOWN else value
        query = changelist.get_query_string({self.parameter_name: parameter})
        return {"selected": selected, "query_string": query, "display": title}

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[InputImage]
    ) -> QuerySet[InputImage]:
        wanted = self.value() or Label.UNKNOWN
        return queryset if wanted == "all" else queryset.filter(label=wanted)


class LabelActionForm(ActionForm):
    label = forms.ChoiceField(choices=build_choices(LABELS), label="Label:")


class PartOfTheImage(ReadOnlyAdmin):
    """Who may see the image may see what was said of it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("classifier.view_inputimage")


class PredictionInline(PartOfTheImage, admin.TabularInline):
    model = Prediction
    fields = ("best_guess", "sure", "verdict", "why", "doubt", "model", "created_at")
    readonly_fields = fields
    ordering = ("-id",)

    @admin.display(description="confidence")
    def sure(self, prediction: Prediction) -> str:
        return percent(prediction.confidence)

    @admin.display(description="why")
    def why(self, prediction: Prediction) -> str:
        said = verdict_text.describe_verdict(
            prediction.verdict, prediction.reason, prediction.by_digit
        )
        return said or "–"

    @admin.display(description="measures of doubt")
    def doubt(self, prediction: Prediction) -> str:
        scores = sorted(prediction.scores.items())
        measures = (f"{name.replace('_', ' ')} {of:.3f}" for name, of in scores)
        return ", ".join(measures) or "–"


class LabelChangeInline(PartOfTheImage, admin.TabularInline):
    model = LabelChange
    fields = ("created_at", "changed_by", "from_label", "to_label", "via")
    readonly_fields = fields
    ordering = ("-id",)
    verbose_name_plural = "history of the label"


LABELLED = ("labelled_by", "labelled_at")


@admin.register(InputImage)
class ImageAdmin(admin.ModelAdmin):
    list_display = ("seen", "label", "predicted", "confidence", "sent")
    list_display_links = ("seen",)
    list_editable = ("label",)
    list_filter = (LabelFilter, "upload__source")
    list_per_page = 25  # each row is a form, which takes its time
    paginator = DeferredJoinPaginator
    show_full_result_count = False
    ordering = ("-created_at",)
    readonly_fields = ("seen", "original", "source", "box", "trained_models", *LABELLED)
    fields = ("seen", "original", "label", *LABELLED, "source", "box", "trained_models")
    inlines = (PredictionInline, LabelChangeInline)
    actions = ("set_label",)
    action_form = LabelActionForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[InputImage]:
        return InputImage.objects.uploaded().with_predictions()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Images to label"} | (extra_context or {})
        )

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "queue/": (queue.page, "queue"),
            "queue/answer": (queue.answer, "answer"),
            "queue/next": (queue.more, "more"),
            "grid/": (grid.page, "grid"),
        }
        own = [
            path(address, self._labelling(view), name=f"classifier_inputimage_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    def _labelling(self, view: Callable[[HttpRequest], HttpResponse]) -> Any:
        def guarded(request: HttpRequest) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return view(request)

        return self.admin_site.admin_view(guarded)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: InputImage | None = None) -> bool:
        return request.user.has_perm("classifier.label_inputimage")

    def has_delete_permission(self, request: HttpRequest, obj: InputImage | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: InputImage, form: Any, change: bool) -> None:
        labels.set_label(obj.pk, obj.label, by=cast(User, request.user), via=Via.ADMIN)

    @admin.action(description="Set the label of the selected images", permissions=["change"])
    def set_label(self, request: HttpRequest, queryset: QuerySet[InputImage]) -> None:
        label = request.POST.get("label", "")
        ids: list[UUID] = [image.pk for image in queryset]
        try:
            labels.set_labels(ids, label, by=cast(User, request.user), via=Via.ADMIN)
        except (RuleBroken, InputImage.DoesNotExist) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{len(ids)} images are labelled {label} now.")

    @admin.display(description="what the model saw")
    def seen(self, image: InputImage) -> SafeString:
        return format_html(
            '<img class="seen" src="{}" width="112" height="112" alt="image {}" loading="lazy">',
            reverse("pixels", args=[image.pk]),
            image.pk,
        )

    @admin.display(description="original")
    def original(self, image: InputImage) -> SafeString:
        return original_picture(image.upload_id)

    @admin.display(description="trained models")
    def trained_models(self, image: InputImage) -> str:
        return link_models_trained_on(image)

    @admin.display(description="prediction")
    def predicted(self, image: InputImage) -> str:
        prediction = image.current_prediction
        if prediction is None:
            return "–"
        doubt = "" if prediction.reason == "" else f" ({prediction.get_reason_display()})"
        return f"{prediction.best_guess}{doubt}"

    @admin.display(description="confidence")
    def confidence(self, image: InputImage) -> str:
        prediction = image.current_prediction
        return "–" if prediction is None else percent(prediction.confidence)

    @admin.display(description="sent", ordering="created_at")
    def sent(self, image: InputImage) -> str:
        return f"{localtime(image.created_at):%Y-%m-%d %H:%M}, {image.get_source_display()}"
