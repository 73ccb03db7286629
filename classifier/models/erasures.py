"""Deleted images that may have been trained on."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Erasure(models.Model):
    """A deleted upload's labelled image, and the names of the models that were trained on it."""

    image_id = models.UUIDField(primary_key=True)
    upload_id = models.UUIDField(db_index=True)
    trained_models = ArrayField(models.CharField(max_length=64), default=list)
    created_at = models.DateTimeField("deleted", auto_now_add=True, db_index=True)

    class Meta:
        db_table = "erasures"
        verbose_name = "deleted training image"
        default_permissions = ()

    def __str__(self) -> str:
        return f"image {self.image_id}"
