"""Readings of uploads by a candidate, for staff only."""

from django.db import models
from django.db.models import F, Q

from classifier.models.constraints import build_choice_constraint, build_choices
from classifier.models.images import InputImage
from classifier.models.versions import ModelVersion
from classifier.recognition.labels import KNOWN_LABELS


class ShadowReading(models.Model):
    """An uploaded image as a candidate reads it, beside the reading that was in service then."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="shadow_readings")
    model = models.ForeignKey(ModelVersion, models.CASCADE, related_name="shadow_readings")
    guess = models.CharField(max_length=12, choices=build_choices(KNOWN_LABELS))
    served_guess = models.CharField(max_length=12, choices=build_choices(KNOWN_LABELS))
    confidence = models.FloatField(help_text="of the candidate's best guess, 0 to 1")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shadow_readings"
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["model", "image"],
                name="shadow_readings_differing",
                condition=~Q(guess=F("served_guess")),
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["image", "model"], name="shadow_readings_once_a_model"),
            build_choice_constraint("guess", KNOWN_LABELS, "shadow_readings_guess_is_known"),
            build_choice_constraint(
                "served_guess", KNOWN_LABELS, "shadow_readings_served_guess_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.served_guess} → {self.guess}"
