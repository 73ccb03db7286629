"""The audit log, with filters."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from classifier.admin.dates import format_second
from classifier.admin.figures import MISSING
from classifier.admin.paging import DeferredJoinPaginator
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("time", "user", "action", "target", "short_details", "via", "status")
    list_display_links = None
    list_filter = ("at", "user", "action")
    search_fields = ("target",)
    search_help_text = _("Search for a target, such as the id of an upload")
    ordering = ("-at", "-id")
    paginator = DeferredJoinPaginator
    show_full_result_count = False

    @admin.display(description=_("time"), ordering="at")
    def time(self, entry: AuditEntry) -> str:
        return format_second(entry.at)

    @admin.display(description=_("details"))
    def short_details(self, entry: AuditEntry) -> str:
        parts = (f"{name}: {_join(value)}" for name, value in entry.details.items())
        return "; ".join(parts) or MISSING


def _join(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
