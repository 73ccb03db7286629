"""Uploaded digits: the list to label from, and each image's page with its history."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from classifier.admin import grid, queue, rows, transfer
from classifier.admin.dates import format_time
from classifier.admin.figures import MISSING
from classifier.admin.lists import LongListAdmin
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.admin.training_data import link_models_trained_on
from classifier.admin.uploads import render_original
from classifier.errors import RuleBroken
from classifier.labelling import labels
from classifier.models import InputImage, LabelChange, Prediction, Via
from classifier.models.constraints import build_choices, describe_label
from classifier.recognition.labels import LABELS, Label
from classifier.templatetags.numbers import percent
from classifier.uploads import verdict_text


class LabelFilter(admin.SimpleListFilter):
    """A filter by label that opens on the images without one."""

    title = _("label")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = build_choices(label for label in LABELS if label != Label.UNKNOWN)
        return [("all", gettext("all")), *known]

    def choices(self, changelist: Any) -> Any:
        default, *others = super().choices(changelist)
        return [default | {"display": gettext("unknown")}, *others]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[InputImage]
    ) -> QuerySet[InputImage]:
        label = self.value() or Label.UNKNOWN
        return queryset if label == "all" else queryset.filter(label=label)


class LabelActionForm(ActionForm):
    label = forms.ChoiceField(choices=build_choices(LABELS), label=_("Label:"))


class ImageInline(ReadOnlyAdmin):
    """Rows of an image, with the image's view permission."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("classifier.view_inputimage")


class PredictionInline(ImageInline, admin.TabularInline):
    model = Prediction
    fields = (
        "best_guess",
        "percentage",
        "verdict",
        "explanation",
        "measures",
        "model",
        "created_at",
    )
    readonly_fields = fields
    ordering = ("-id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_hidden = isinstance(obj, InputImage) and obj.is_guess_hidden
        return not is_hidden and super().has_view_permission(request, obj)

    @admin.display(description=_("confidence"))
    def percentage(self, prediction: Prediction) -> str:
        return percent(prediction.confidence)

    @admin.display(description=_("explanation"))
    def explanation(self, prediction: Prediction) -> str:
        text = verdict_text.describe_verdict(
            prediction.verdict, prediction.reason, prediction.by_digit
        )
        return text or MISSING

    @admin.display(description=_("uncertainty"))
    def measures(self, prediction: Prediction) -> str:
        scores = sorted(prediction.scores.items())
        return (
            ", ".join(f"{name.replace('_', ' ')} {score:.3f}" for name, score in scores) or MISSING
        )


class LabelChangeInline(ImageInline, admin.TabularInline):
    model = LabelChange
    fields = ("created_at", "changed_by", "from_label", "to_label", "via")
    readonly_fields = fields
    ordering = ("-id",)
    verbose_name_plural = _("label history")


@admin.register(InputImage)
class ImageAdmin(LongListAdmin):
    list_display = ("thumbnail", "label", "predicted", "confidence", "uploaded")
    list_display_links = ("thumbnail",)
    list_editable = ("label",)
    list_filter = (LabelFilter, "upload__source")
    list_per_page = 20  # each row is a form, which is slow to render
    ordering = ("-created_at",)
    fields = (
        "picture",
        "original",
        "label",
        "labelled_by",
        "labelled_at",
        "source",
        "box",
        "trained_models",
    )
    readonly_fields = tuple(field for field in fields if field != "label")
    inlines = (PredictionInline, LabelChangeInline)
    actions = ("set_label",)
    action_form = LabelActionForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[InputImage]:
        return InputImage.objects.uploaded().with_predictions()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": gettext("Images to label"), "has_grid": not settings.HIDE_GUESS}
        return super().changelist_view(request, context | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "queue/": (queue.page, "queue"),
            "queue/answer": (queue.answer, "answer"),
            "queue/next": (queue.load_more, "more"),
            "queue/boxes/<uuid:image_id>": (queue.edit_boxes, "boxes"),
            "grid/": (grid.page, "grid"),
            "rows/": (rows.page, "rows"),
            "transfer/": (transfer.page, "transfer"),
        }
        own = [
            path(route, self._require_change(view), name=f"classifier_inputimage_{name}")
            for route, (view, name) in views.items()
        ]
        return own + super().get_urls()

    def _require_change(self, view: Callable[..., HttpResponse]) -> Any:
        def wrapper(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return view(request, **arguments)

        return self.admin_site.admin_view(wrapper)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: InputImage | None = None) -> bool:
        return request.user.has_perm("classifier.label_inputimage")

    def has_delete_permission(self, request: HttpRequest, obj: InputImage | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: InputImage, form: Any, change: bool) -> None:
        labels.set_label(obj.pk, obj.label, by=cast(User, request.user), via=Via.ADMIN)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Name the field for screen readers, as cells of a list have no label."""
        widget = forms.Select({"aria-label": db_field.verbose_name})
        return super().formfield_for_choice_field(db_field, request, widget=widget, **kwargs)

    @admin.action(description=_("Set the label of the selected images"), permissions=["change"])
    def set_label(self, request: HttpRequest, queryset: QuerySet[InputImage]) -> None:
        label = request.POST.get("label", "")
        new_labels: dict[UUID, str] = {image.pk: label for image in queryset}
        try:
            labels.apply_labels(new_labels, by=cast(User, request.user), via=Via.ADMIN)
        except (RuleBroken, InputImage.DoesNotExist) as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                ngettext(
                    "%(count)s image is now labelled %(label)s.",
                    "%(count)s images are now labelled %(label)s.",
                    len(new_labels),
                )
                % {"count": len(new_labels), "label": describe_label(label)},
            )

    @admin.display(description=_("pixels"))
    def picture(self, image: InputImage) -> SafeString:
        return _render_pixels(image, 112)

    @admin.display(description=_("pixels"))
    def thumbnail(self, image: InputImage) -> SafeString:
        return _render_pixels(image, 56)

    @admin.display(description=_("original"))
    def original(self, image: InputImage) -> SafeString:
        return render_original(image.upload_id)

    @admin.display(description=_("models trained on it"))
    def trained_models(self, image: InputImage) -> str:
        return link_models_trained_on(image)

    @admin.display(description=_("prediction"))
    def predicted(self, image: InputImage) -> str | None:
        prediction = image.visible_prediction
        if prediction is None:
            return None
        reason = f" ({prediction.get_reason_display()})" if prediction.reason else ""
        return f"{prediction.best_guess}{reason}"

    @admin.display(description=_("confidence"))
    def confidence(self, image: InputImage) -> str | None:
        prediction = image.visible_prediction
        return percent(prediction.confidence) if prediction else None

    @admin.display(description=_("uploaded"), ordering="created_at")
    def uploaded(self, image: InputImage) -> str:
        return f"{format_time(image.created_at)}, {image.get_source_display()}"


def _render_pixels(image: InputImage, width: int) -> SafeString:
    return format_html(
        '<img class="image" src="{0}" width="{1}" height="{1}" alt="{2}" loading="lazy">',
        reverse("pixels", args=[image.pk]),
        width,
        image,
    )
