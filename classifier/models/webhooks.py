"""Webhooks and their deliveries."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from classifier.models.constraints import ArrayLength, build_choice_constraint, build_choices
from classifier.models.encryption import EncryptedTextField
from classifier.recognition.labels import Event


class Webhook(models.Model):
    """An address that receives events as POST requests, signed with its secret."""

    url = models.CharField(
        "URL",
        max_length=500,
        help_text=_("receives each event as a POST request; it may be in your own network"),
    )
    events = ArrayField(
        models.CharField(max_length=20, choices=build_choices(Event)), verbose_name=_("events")
    )
    secret = EncryptedTextField(editable=False)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhooks"
        verbose_name, verbose_name_plural = _("webhook"), _("webhooks")
        constraints = [
            models.CheckConstraint(
                condition=Q(events__contained_by=list(map(str, Event)))
                & ~Q(Exact(ArrayLength("events"), 0)),
                name="webhooks_events_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """The delivery of one event to one webhook."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    event = models.CharField(_("event"), max_length=20, choices=build_choices(Event))
    payload = models.JSONField()
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, help_text=_("of the newest response")
    )
    error = models.TextField(_("error"), blank=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["-created_at"], name="webhook_deliveries_newest")]
        constraints = [build_choice_constraint("event", Event, "webhook_deliveries_event_is_known")]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"
