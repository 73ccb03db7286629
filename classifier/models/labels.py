"""The labelling queue, the history of labels, suggestions and checks."""

from collections.abc import Collection
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from classifier.models.constraints import build_choice_constraint, build_choices
from classifier.models.images import InputImage
from classifier.models.source import Via
from classifier.models.uploads import Upload
from classifier.recognition.labels import KNOWN_LABELS, LABELS

MISTAKEN_SCORE = 1.0  # the acquisition score of an image whose guess a person called wrong
SUSPICIOUS = 0.1  # the least suspicion with which a label gets a second look


class LabelChange(models.Model):
    """A change of an image's label. Append-only: an undo adds another change."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="label_changes")
    from_label = models.CharField(_("from"), max_length=12, choices=build_choices(LABELS))
    to_label = models.CharField(_("to"), max_length=12, choices=build_choices(LABELS))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    via = models.CharField(_("via"), max_length=12, choices=Via.choices)
    created_at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)

    class Meta:
        db_table = "label_changes"
        verbose_name, verbose_name_plural = _("label change"), _("label changes")
        default_permissions = ()
        constraints = [
            build_choice_constraint("from_label", LABELS, "label_changes_from_is_known"),
            build_choice_constraint("to_label", LABELS, "label_changes_to_is_known"),
            models.CheckConstraint(
                condition=~Q(from_label=F("to_label")), name="label_changes_change_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_label} → {self.to_label}"


class QueueItemQuerySet(models.QuerySet["QueueItem"]):
    def with_pixels_of(self, images: Collection[UUID] | models.QuerySet[Any, Any]) -> Self:
        """Return the items whose pixels equal those of one of the images, these included."""
        own = QueueItem.objects.filter(pk__in=images)
        return self.filter(content__in=own.values("content"))


class QueueItem(models.Model):
    """An uploaded image in the labelling queue, with its sort keys and its lease."""

    image = models.OneToOneField(
        InputImage, models.CASCADE, primary_key=True, related_name="queued"
    )
    waiting = models.BooleanField(default=True, help_text="whether the label is unknown")
    guess = models.CharField(max_length=12, choices=build_choices(KNOWN_LABELS))
    doubt = models.FloatField(
        help_text="acquisition score: how much its label would teach a model, 0 to 1"
    )
    embedding = models.BinaryField(help_text="see classifier.recognition.active_learning")
    content = models.UUIDField(help_text="shared by images with equal pixels")
    duplicate = models.BooleanField(
        default=False, help_text="so similar to another image that its label would add little"
    )
    suggestion = models.CharField(
        max_length=12,
        choices=build_choices(KNOWN_LABELS),
        blank=True,
        help_text="the newest suggestion of a visitor",
    )
    suspicion = models.FloatField(
        default=0, help_text="how likely the label is wrong, 0 to 1; 0 without a label"
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="the person who looked at the label again",
    )
    reviewed_at = models.DateTimeField(null=True)
    leased_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    leased_until = models.DateTimeField(null=True)
    skipped_by = ArrayField(
        models.IntegerField(), default=list, help_text="ids of the users who skipped it"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = QueueItemQuerySet.as_manager()

    class Meta:
        db_table = "label_queue"
        default_permissions = ()
        indexes = [
            models.Index(
                F("doubt").desc(),
                name="label_queue_useful",
                condition=Q(waiting=True, duplicate=False),
            ),
            models.Index(F("doubt").desc(), name="label_queue_doubt", condition=Q(waiting=True)),
            models.Index(
                F("created_at").desc(), name="label_queue_newest", condition=Q(waiting=True)
            ),
            models.Index(fields=["image"], name="label_queue_random", condition=Q(waiting=True)),
            models.Index(
                fields=["guess", "doubt"], name="label_queue_grid", condition=Q(waiting=True)
            ),
            models.Index(
                F("doubt").desc(),
                name="label_queue_suggested",
                condition=Q(waiting=True) & ~Q(suggestion="") & ~Q(suggestion=F("guess")),
            ),
            models.Index(
                fields=["image"],
                name="label_queue_duplicates",
                condition=Q(waiting=True, duplicate=True),
            ),
            models.Index(fields=["content", "image"], name="label_queue_copies"),
            models.Index(fields=["image"], name="label_queue_done", condition=Q(waiting=False)),
            models.Index(
                F("suspicion").desc(),
                name="label_queue_suspicious",
                condition=Q(suspicion__gte=SUSPICIOUS, reviewed_at__isnull=True),
            ),
            models.Index(
                fields=["leased_to"],
                name="label_queue_leased",
                condition=Q(leased_to__isnull=False),
            ),
        ]
        constraints = [
            build_choice_constraint("guess", KNOWN_LABELS, "label_queue_guess_is_known"),
            build_choice_constraint(
                "suggestion", (*KNOWN_LABELS, ""), "label_queue_suggestion_is_known"
            ),
            models.CheckConstraint(
                condition=Q(doubt__gte=0, doubt__lte=1), name="label_queue_doubt_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(waiting=False, suspicion__gte=0, suspicion__lte=1)
                | Q(waiting=True, suspicion=0, reviewed_at__isnull=True),
                name="label_queue_suspicion_needs_a_label",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True, reviewed_at__isnull=True)
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="label_queue_reviewed_by_and_at_together",
            ),
            models.CheckConstraint(
                condition=Q(leased_to__isnull=True) | Q(leased_until__isnull=False),
                name="label_queue_lease_runs_out",
            ),
        ]

    def __str__(self) -> str:
        return f"image {self.pk} in the queue"


class Correction(models.Model):
    """A visitor's reading of a whole picture: its digits, each with an image that has its box.

    Its suggestions are in reading order; those of images that it drops come last.
    """

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="corrections")
    text = models.CharField(max_length=200, help_text="the digits in reading order")
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        db_table = "corrections"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(text__regex="^[0-9]+$"), name="corrections_text_is_digits"
            )
        ]

    def __str__(self) -> str:
        return self.text


class Suggestion(models.Model):
    """A label that a visitor suggests. Staff see it; it is never used as a label."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="suggestions")
    correction = models.ForeignKey(
        Correction, models.CASCADE, null=True, related_name="suggestions"
    )
    label = models.CharField(max_length=12, choices=build_choices(KNOWN_LABELS))
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        db_table = "suggestions"
        default_permissions = ()
        constraints = [build_choice_constraint("label", KNOWN_LABELS, "suggestions_label_is_known")]

    def __str__(self) -> str:
        return self.label


class LabelCheck(models.Model):
    """A hidden check: a labelled image that a person labels again without knowing it."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="label_checks")
    asked_of = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    label = models.CharField(
        max_length=12,
        choices=build_choices(KNOWN_LABELS),
        help_text="the label when the check was made",
    )
    answer = models.CharField(
        max_length=12,
        choices=build_choices(KNOWN_LABELS),
        blank=True,
        help_text="empty until it is answered",
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "label_checks"
        default_permissions = ()
        constraints = [
            build_choice_constraint("label", KNOWN_LABELS, "label_checks_label_is_known"),
            build_choice_constraint("answer", (*KNOWN_LABELS, ""), "label_checks_answer_is_known"),
            models.UniqueConstraint(
                fields=["image", "asked_of"], name="label_checks_once_a_person"
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="label_checks_answered_at_with_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}, answered {self.answer or 'nothing yet'}"
