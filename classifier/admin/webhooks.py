"""Webhooks: their URLs, events and secrets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from classifier.admin.dates import format_time
from classifier.admin.second_factor import confirm_changes, confirm_second_factor
from classifier.errors import RuleBroken
from classifier.models import Delivery, Webhook
from classifier.recognition.labels import Event
from classifier.webhooks import events, signing, transport


class WebhookForm(forms.ModelForm):
    events = forms.MultipleChoiceField(
        label=_("events"),
        choices=[(event.value, event.value) for event in Event],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("the events that are sent to the URL"),
    )

    class Meta:
        widgets = {"url": forms.TextInput({"class": "vLargeTextField", "inputmode": "url"})}

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            transport.validate_url(url)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return url


@admin.register(Webhook)
@confirm_changes
class WebhookAdmin(admin.ModelAdmin):
    form = WebhookForm
    fields = ("url", "events", "active")
    list_display = ("url", "event_list", "active", "last_delivered", "not_delivered")
    ordering = ("-id",)

    class Media:
        css = {"all": ["models.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return events.list_webhooks()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:webhook_id>/test/", view(require_POST(self.test)), name="test_webhook"),
            path("<int:webhook_id>/secret/", view(require_POST(self.rotate)), name="rotate"),
        ]
        return own + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if not change:
            obj.secret = signing.generate_secret()
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secret(request, obj, obj.secret)

    @method_decorator(confirm_second_factor)
    def rotate(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        webhook = self._get_changeable(request, webhook_id)
        return self._show_secret(request, webhook, events.rotate_secret(webhook.pk))

    def _show_secret(self, request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
        """Show a secret without a redirect, for which it would have to be in the session."""
        context = self.admin_site.each_context(request) | {
            "title": gettext("The webhook’s secret"),
            "opts": self.opts,
            "webhook": webhook,
            "secret": secret,
        }
        return render(request, "admin/classifier/webhook/secret.html", context)

    def test(self, request: HttpRequest, webhook_id: int) -> HttpResponse:
        webhook = self._get_changeable(request, webhook_id)
        try:
            events.send_test(webhook)
        except RuleBroken as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                format_html(
                    '{} <a href="{}">{}</a>',
                    gettext("The worker is sending a test."),
                    _get_deliveries_url(webhook),
                    gettext("See its deliveries"),
                ),
            )
        return redirect("admin:classifier_webhook_change", webhook.pk)

    def _get_changeable(self, request: HttpRequest, webhook_id: int) -> Webhook:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(Webhook, pk=webhook_id)

    def get_deleted_objects(
        self, objs: Iterable[Webhook], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Count the rows to delete, for which the permission to delete webhooks suffices."""
        urls = {webhook.pk: str(webhook) for webhook in objs}
        deliveries = Delivery.objects.filter(webhook__in=urls).count()
        return (
            [*urls.values()],
            {
                gettext("webhooks"): len(urls),
                gettext("deliveries"): deliveries,
            },
            set(),
            [],
        )

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        events.delete_webhooks([obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        events.delete_webhooks(list(queryset.values_list("pk", flat=True)))

    @admin.display(description=_("events"))
    def event_list(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @admin.display(description=_("last delivered"))
    def last_delivered(self, webhook: Any) -> datetime | None:
        last: datetime | None = webhook.last
        return last

    @admin.display(description=_("not delivered"))
    def not_delivered(self, webhook: Any) -> SafeString | None:
        if not webhook.missed:
            return None
        since = format_time(webhook.missed_since)
        return format_html(
            '<a href="{}">{}</a>',
            _get_deliveries_url(webhook),
            gettext("%(count)s since %(time)s") % {"count": webhook.missed, "time": since},
        )


def _get_deliveries_url(webhook: Webhook) -> str:
    page = reverse("admin:classifier_delivery_changelist")
    return f"{page}?webhook__id__exact={webhook.pk}"
