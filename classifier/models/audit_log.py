"""The audit log: who did and saw what."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One action or view of a member of staff. Entries never change.

    A job gives each entry its `position` in the chain and its `hash`, which covers the entry and
    the hash before it, `previous`.
    """

    at = models.DateTimeField(_("time"), default=timezone.now)
    user = models.CharField(_("user"), max_length=150, blank=True)
    via = models.CharField(
        _("via"), max_length=120, help_text=_("a session, or the name of a token")
    )
    action = models.CharField(_("action"), max_length=100)
    target = models.CharField(_("target"), max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, help_text=_("of the HTTP response")
    )
    details = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)
    position = models.BigIntegerField(_("position"), null=True, unique=True)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64, blank=True)

    class Meta:
        db_table = "audit_log"
        verbose_name = _("audit log entry")
        verbose_name_plural = _("audit log entries")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at"], name="audit_log_newest"),
            models.Index(
                fields=["id"], name="audit_log_unsealed", condition=models.Q(position__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.user}"
