"""Deleted images that may have been trained on."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Erasure(models.Model):
    """A deleted upload's labelled image, and the names of the models that were trained on it."""

    image_id = models.UUIDField(_("image"), primary_key=True)
    upload_id = models.UUIDField(db_index=True)
    trained_models = ArrayField(models.CharField(max_length=64), default=list)
    created_at = models.DateTimeField(_("deleted"), auto_now_add=True, db_index=True)

    class Meta:
        db_table = "erasures"
        verbose_name, verbose_name_plural = (
            _("deleted training image"),
            _("deleted training images"),
        )
        default_permissions = ()

    def __str__(self) -> str:
        return f"image {self.image_id}"
