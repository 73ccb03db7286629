"""Disputes about labels."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from classifier.models.constraints import build_choice_constraint, build_choices
from classifier.models.images import InputImage
from classifier.recognition.labels import KNOWN_LABELS


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def open(self) -> "DisputeQuerySet":
        return self.filter(settled_at__isnull=True)


class Dispute(models.Model):
    """Different labels of an image by different people, until a second look settles it.

    The labels are in the image's label changes and in the answers to its checks.
    """

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="disputes")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        help_text="the person whose label differed from the one before",
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    label = models.CharField(
        max_length=12,
        choices=build_choices(KNOWN_LABELS),
        blank=True,
        help_text="the label that settled it; empty until then",
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        db_table = "disputes"
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["opened_at"], name="disputes_open", condition=Q(settled_at__isnull=True)
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["image"],
                name="disputes_one_open_an_image",
                condition=Q(settled_at__isnull=True),
            ),
            build_choice_constraint("label", (*KNOWN_LABELS, ""), "disputes_label_is_known"),
            models.CheckConstraint(
                condition=Q(label="", settled_by__isnull=True, settled_at__isnull=True)
                | (~Q(label="") & Q(settled_by__isnull=False, settled_at__isnull=False)),
                name="disputes_settled_by_and_at_with_label",
            ),
        ]

    def __str__(self) -> str:
        return f"dispute about image {self.image_id}"
