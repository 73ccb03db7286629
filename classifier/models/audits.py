"""Audits of certain answers, and alarms."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from classifier.models.constraints import build_choice_constraint
from classifier.models.images import InputImage, Prediction


class Audit(models.Model):
    """A certain answer, drawn at random, that its image's label will prove right or wrong."""

    image = models.OneToOneField(InputImage, models.CASCADE, primary_key=True, related_name="audit")
    prediction = models.ForeignKey(
        Prediction, models.CASCADE, related_name="+", help_text="the answer that was given"
    )
    drawn_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "audits"
        default_permissions = ()

    def __str__(self) -> str:
        return f"audit of image {self.pk}"


class AlarmKind(models.TextChoices):
    ERROR_EXCEEDED = "error_exceeded", "more certain answers are wrong than promised"
    INPUT_DRIFTED = "input_drifted", "people send other pictures than before"
    DATA_DAMAGED = "data_damaged", "stored data are damaged"


class Alarm(models.Model):
    """A state of the site that needs the attention of staff, with its beginning and end."""

    kind = models.CharField(max_length=20, choices=AlarmKind.choices)
    message = models.TextField()
    causes = ArrayField(
        models.UUIDField(), default=list, help_text="ids of the images that caused it"
    )
    raised_at = models.DateTimeField(auto_now_add=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "alarms"
        default_permissions = ()
        constraints = [
            build_choice_constraint("kind", AlarmKind.values, "alarms_kind_is_known"),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(cleared_at__isnull=True), name="alarms_one_open_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.message
