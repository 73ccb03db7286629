"""The folder that holds the files of uploads."""

import uuid

from django.db import models


class MediaStore(models.Model):
    """The ID that the marker in MEDIA_ROOT has to hold; there is one at most."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "media_stores"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(models.Value(1), name="media_stores_has_one_row"),
        ]

    def __str__(self) -> str:
        return f"media store {self.pk}"
