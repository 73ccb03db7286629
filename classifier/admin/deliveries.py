"""Webhook deliveries: their state, and sending them again."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from classifier.admin.dates import format_second
from classifier.admin.figures import MISSING
from classifier.admin.lists import FieldFilter, LongListAdmin
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.models import Delivery
from classifier.templatetags.stored import translate_stored
from classifier.webhooks import deliveries
from classifier.webhooks.deliveries import DeliveryState

CSS_CLASSES = {
    DeliveryState.DELIVERED: "succeeded",
    DeliveryState.WAITING: "running",
    DeliveryState.FAILED: "failed",
}


class StateFilter(FieldFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in DeliveryState]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin, LongListAdmin):
    list_display = ("created", "type", "webhook", "state", "attempts", "status", "short_error")
    list_filter = (StateFilter, "event", "webhook")
    list_select_related = ("webhook",)
    ordering = ("-created_at",)
    fields = ("created", "webhook", "state", "attempts", "status", "error", "delivered", "body")
    readonly_fields = fields
    actions = ("send_again",)

    class Media:
        css = {"all": ["models.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return deliveries.list_deliveries()

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("classifier.change_webhook")

    @admin.action(description=_("Send the selected deliveries again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = deliveries.resend_deliveries([delivery.pk for delivery in queryset])
        messages.success(
            request,
            ngettext(
                "The worker will send %(count)s delivery again.",
                "The worker will send %(count)s deliveries again.",
                count,
            )
            % {"count": count},
        )

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, delivery: Delivery) -> str:
        return format_second(delivery.created_at)

    @admin.display(description=_("event"))
    def type(self, delivery: Delivery) -> str:
        return str(delivery.payload["type"])

    @admin.display(description=_("state"))
    def state(self, delivery: Any) -> SafeString:
        state = DeliveryState(delivery.state)
        return format_html('<span class="pill {}">{}</span>', CSS_CLASSES[state], state.label)

    @admin.display(description=_("last error"))
    def short_error(self, delivery: Delivery) -> str:
        return Truncator(translate_stored(delivery.error)).chars(90)

    @admin.display(description=_("delivered"))
    def delivered(self, delivery: Delivery) -> str:
        return format_second(delivery.delivered_at) if delivery.delivered_at else MISSING

    @admin.display(description=_("body"))
    def body(self, delivery: Delivery) -> SafeString:
        text = json.dumps(deliveries.build_message(delivery), indent=2)
        return format_html('<pre class="log">{}</pre>', text)
