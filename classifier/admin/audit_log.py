"""The audit log, with filters."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from classifier.admin.dates import format_second
from classifier.admin.lists import FieldFilter, LongListAdmin
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.models import AuditAction, AuditEntry

# Other entries name the token of a program.
VIAS = {"session": _("session"), "start": _("start of the site"), "worker": _("worker")}


class ActionFilter(FieldFilter):
    """A filter by the actions of the log's entries."""

    title = _("action")
    parameter_name = "action"
    template = "admin/closed_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        used = AuditEntry.objects.order_by().values_list("action", flat=True).distinct()
        named = ((action, name_action(action)) for action in used)
        return sorted(named, key=lambda choice: choice[1].casefold())


def name_action(action: str) -> str:
    return str(AuditAction(action).label) if action in AuditAction.values else action


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin, LongListAdmin):
    list_display = (
        "time",
        "user",
        "named_action",
        "target",
        "short_details",
        "named_via",
        "status",
    )
    list_display_links = None
    list_filter = ("at", "user", ActionFilter)
    search_fields = ("target",)
    search_help_text = _("Search for a target, such as the id of an upload")
    ordering = ("-at", "-id")

    @admin.display(description=_("time"), ordering="at")
    def time(self, entry: AuditEntry) -> str:
        return format_second(entry.at)

    @admin.display(description=_("action"), ordering="action")
    def named_action(self, entry: AuditEntry) -> str:
        return name_action(entry.action)

    @admin.display(description=_("via"), ordering="via")
    def named_via(self, entry: AuditEntry) -> str:
        return str(VIAS.get(entry.via, entry.via))

    @admin.display(description=_("details"))
    def short_details(self, entry: AuditEntry) -> str:
        values = {
            name: ", ".join(value) if isinstance(value, list) else value
            for name, value in entry.details.items()
        }
        return "; ".join(f"{name}: {value}" for name, value in values.items())
