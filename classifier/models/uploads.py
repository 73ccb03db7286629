"""Files that people sent."""

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from classifier.models.constraints import build_choice_constraint
from classifier.models.source import UPLOAD_SOURCES


def stored_name(upload: "Upload", _: str) -> str:
    return f"uploads/{upload.pk.hex[:2]}/{upload.pk}"


class Upload(models.Model):
    """A file that somebody sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to=stored_name)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(help_text="in bytes")
    width = models.PositiveIntegerField(help_text="in pixels, upright")
    height = models.PositiveIntegerField(help_text="in pixels, upright")
    media_type = models.CharField(_("media type"), max_length=32)
    source = models.CharField(
        _("source"), max_length=12, choices=[(s.value, s.label) for s in UPLOAD_SOURCES]
    )
    confidence = models.FloatField(
        null=True, editable=False, help_text="probability that the first reading is right, 0 to 1"
    )
    lines = models.JSONField(
        default=list, editable=False, help_text="box and number of digits of each line of writing"
    )
    left_out = models.JSONField(
        default=list, editable=False, help_text="boxes of writing that no digit explains"
    )
    visitor = models.UUIDField(
        null=True, editable=False, help_text="the browser that sent it, from its cookie"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        db_table = "uploads"
        verbose_name, verbose_name_plural = _("upload"), _("uploads")
        default_permissions = ("view", "delete")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="uploads_newest"),
            models.Index(
                fields=["visitor", "-created_at", "-id"],
                name="uploads_of_visitor",
                condition=Q(visitor__isnull=False),
            ),
        ]
        constraints = [
            build_choice_constraint("source", UPLOAD_SOURCES, "uploads_source_is_known"),
            models.CheckConstraint(
                condition=Q(size__gt=0, width__gt=0, height__gt=0), name="uploads_are_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return _("upload %(id)s") % {"id": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("result", args=[self.pk])
