"""API tokens and idempotency records."""

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from classifier.models.constraints import ArrayLength, build_choices
from classifier.recognition.labels import Scope


class ApiToken(models.Model):
    """A token with which a program acts for a user, within scopes. Only its hash is stored."""

    name = models.CharField(_("name"), max_length=100, help_text=_("the program that uses it"))
    user = models.ForeignKey(
        User, models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    scopes = ArrayField(
        models.CharField(max_length=12, choices=build_choices(Scope)), verbose_name=_("scopes")
    )
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    start = models.CharField(
        max_length=8, editable=False, help_text="the first characters, to recognise it"
    )
    expires_at = models.DateTimeField(
        _("expires at"), null=True, blank=True, help_text=_("empty: never")
    )
    last_used_at = models.DateTimeField(
        _("last used"), null=True, editable=False, help_text=_("to the hour")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "api_tokens"
        verbose_name, verbose_name_plural = _("API token"), _("API tokens")
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(map(str, Scope)))
                & ~Q(Exact(ArrayLength("scopes"), 0)),
                name="api_tokens_scopes_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """The result of a request with an Idempotency-Key, to replay when it is repeated."""

    key = models.CharField(max_length=255, primary_key=True)
    sha256 = models.CharField(max_length=64, help_text="of the request")
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        db_table = "kept_answers"
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
