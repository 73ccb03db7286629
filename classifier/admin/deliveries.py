"""What webhooks were told, and what they answered."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from classifier.admin.paging import DeferredJoinPaginator
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.models import Delivery
from classifier.webhooks import deliveries
from classifier.webhooks.deliveries import DeliveryState

LOOKS = {
    DeliveryState.DELIVERED: "succeeded",
    DeliveryState.WAITING: "running",
    DeliveryState.FAILED: "failed",
}


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in DeliveryState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(state=wanted) if wanted else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("asked", "told", "webhook", "is_in_state", "attempts", "status", "why")
    list_filter = (StateFilter, "event", "webhook")
    list_select_related = ("webhook",)
    ordering = ("-created_at",)
    paginator = DeferredJoinPaginator
    show_full_result_count = False
    fields = (
        "asked",
        "webhook",
        "is_in_state",
        "attempts",
        "status",
        "error",
        "answered",
        "body",
    )
    readonly_fields = fields
    actions = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return deliveries.list_deliveries()

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("classifier.change_webhook")

    @admin.action(description="Send the selected deliveries again", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = deliveries.resend([delivery.pk for delivery in queryset])
        messages.success(request, f"{count} will be sent again by the worker.")

    @admin.display(description="when", ordering="created_at")
    def asked(self, delivery: Delivery) -> str:
        return f"{delivery.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="event")
    def told(self, delivery: Delivery) -> str:
        return str(delivery.payload["type"])

    @admin.display(description="state")
    def is_in_state(self, delivery: Any) -> SafeString:
        return format_html('<span class="pill {}">{}</span>', LOOKS[delivery.state], delivery.state)

    @admin.display(description="newest error")
    def why(self, delivery: Delivery) -> str:
        return Truncator(delivery.error).chars(90) or "–"

    @admin.display(description="delivered")
    def answered(self, delivery: Delivery) -> str:
        return f"{delivery.delivered_at:%Y-%m-%d %H:%M:%S}" if delivery.delivered_at else "–"

    @admin.display(description="what is told")
    def body(self, delivery: Delivery) -> SafeString:
        told = json.dumps(deliveries.build_message(delivery), indent=2)
        return format_html('<pre class="log">{}</pre>', told)
