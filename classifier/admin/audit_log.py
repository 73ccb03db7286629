"""The audit log, with filters."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from classifier.admin.dates import format_second
from classifier.admin.figures import MISSING
from classifier.admin.paging import DeferredJoinPaginator
from classifier.admin.read_only import ReadOnlyAdmin
from classifier.models import AuditEntry

# What people did, by the name of the page or the event.
ACTIONS = {
    "login": _("logged in"),
    "logout": _("logged out"),
    "login_failed": _("gave a wrong password"),
    "password_change": _("changed their password"),
    "end_session": _("ended a session"),
    "add_device": _("added a second factor"),
    "remove_device": _("removed a second factor"),
    "renew_codes": _("renewed their recovery codes"),
    "original": _("saw a picture"),
    "original-file": _("saw a picture"),
    "result": _("saw a result"),
    "upload_change": _("saw an upload"),
    "api-upload": _("saw an upload"),
    "auditentry_changelist": _("saw the audit log"),
    "labels": _("exported labels"),
    "labels-npz": _("exported images"),
    "labels-zip": _("exported images"),
    "labels-import": _("imported images"),
    "inputimage_transfer": _("imported images"),
    "inputimage_answer": _("answered in the queue"),
    "inputimage_queue": _("answered in the queue"),
    "inputimage_more": _("got more images to label"),
    "inputimage_rows": _("labelled a row"),
    "inputimage_grid": _("labelled in the grid"),
    "inputimage_change": _("labelled an image"),
    "inputimage_changelist": _("labelled images"),
    "image-detail": _("labelled an image"),
    "upload_delete": _("deleted an upload"),
    "upload_changelist": _("deleted uploads"),
    "start_run": _("started a training"),
    "run-list": _("started a training"),
    "cancel_run": _("cancelled a training"),
    "run-cancel": _("cancelled a training"),
    "promote": _("promoted a model"),
    "model-promote": _("promoted a model"),
    "rollback": _("rolled back"),
    "reject": _("rejected a model"),
    "try_models": _("tried models"),
    "apitoken_add": _("made a token"),
    "apitoken_delete": _("deleted a token"),
    "webhook_add": _("added a webhook"),
    "webhook_change": _("changed a webhook"),
    "webhook_delete": _("deleted a webhook"),
    "auth_user_add": _("added a user"),
    "auth_user_change": _("changed a user"),
    "settings": _("settings changed"),
    "expired": _("old entries deleted"),
}


class ActionFilter(admin.AllValuesFieldListFilter):
    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield choice | {"display": _describe_action(str(choice["display"]))}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    list_display = ("time", "user", "action_in_words", "target", "short_details", "via", "status")
    list_display_links = None
    list_filter = ("at", "user", ("action", ActionFilter))
    search_fields = ("target",)
    search_help_text = _("Search for a target, such as the id of an upload")
    ordering = ("-at", "-id")
    paginator = DeferredJoinPaginator
    show_full_result_count = False

    @admin.display(description=_("time"), ordering="at")
    def time(self, entry: AuditEntry) -> str:
        return format_second(entry.at)

    @admin.display(description=_("action"), ordering="action")
    def action_in_words(self, entry: AuditEntry) -> str:
        return _describe_action(entry.action)

    @admin.display(description=_("details"))
    def short_details(self, entry: AuditEntry) -> str:
        parts = (f"{name}: {_join(value)}" for name, value in entry.details.items())
        return "; ".join(parts) or MISSING


def _describe_action(name: str) -> str:
    return str(ACTIONS.get(name, name))


def _join(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
