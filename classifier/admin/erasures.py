"""Deleted images that models were trained on, and the receipts of their deletion."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from classifier.admin.read_only import ReadOnlyAdmin
from classifier.models import Erasure
from classifier.registry import erasures


class StateFilter(admin.SimpleListFilter):
    """A filter by whether the champion was trained on the image."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("pending", gettext("has to be forgotten")), ("forgotten", gettext("forgotten"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(is_forgotten=value == "forgotten") if value else queryset


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("created_at", "image_id", "models", "state", "receipt")
    list_display_links = None
    list_filter = (StateFilter,)
    ordering = ("-created_at",)
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        return request.user.has_perm("classifier.view_modelversion")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return erasures.list_erasures()

    @admin.display(description=_("trained models"))
    def models(self, erasure: Erasure) -> str:
        return ", ".join(erasure.trained_models) or gettext("none")

    @admin.display(description=_("state"))
    def state(self, erasure: Any) -> str:
        return gettext("forgotten") if erasure.is_forgotten else gettext("has to be forgotten")

    @admin.display(description=_("receipt"))
    def receipt(self, erasure: Erasure) -> SafeString:
        address = reverse("api-receipt", args=[erasure.upload_id])
        return format_html('<a href="{}">{}</a>', address, gettext("Receipt"))
