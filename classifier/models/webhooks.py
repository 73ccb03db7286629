"""Webhooks and their deliveries."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Exact

from classifier.models.constraints import ArrayLength, build_choice_constraint, build_choices
from classifier.models.encryption import EncryptedTextField
from classifier.recognition.labels import Event


class Webhook(models.Model):
    """An address that receives events as POST requests, signed with its secret."""

    url = models.CharField(
        "URL",
        max_length=500,
        help_text="receives each event as a POST request; it may be in your own network",
    )
    events = ArrayField(models.CharField(max_length=20, choices=build_choices(Event)))
    secret = EncryptedTextField(editable=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhooks"
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
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20, choices=build_choices(Event))
    payload = models.JSONField()
    attempts = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True, help_text="of the newest response")
    error = models.TextField(blank=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name_plural = "deliveries"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["-created_at"], name="webhook_deliveries_newest")]
        constraints = [build_choice_constraint("event", Event, "webhook_deliveries_event_is_known")]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"
