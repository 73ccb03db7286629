"""The images of uploads' digits, and the predictions of models."""

import uuid

import numpy as np
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from classifier.models.constraints import (
    ArrayLength,
    ByteLength,
    build_choice_constraint,
    build_choices,
)
from classifier.models.source import MNIST_SOURCES, UPLOAD_SOURCES, Source
from classifier.models.uploads import Upload
from classifier.models.versions import ModelVersion, get_detail_fields
from classifier.recognition.labels import DIGITS, LABELS, Label, Reason, Verdict
from classifier.recognition.pixels import hash_pixels

VERDICT_CHOICES = build_choices(Verdict)
REASON_CHOICES = build_choices(Reason)

PIXELS_BYTES = 28 * 28


class InputImageQuerySet(models.QuerySet["InputImage"]):
    def uploaded(self) -> "InputImageQuerySet":
        return self.filter(source__in=UPLOAD_SOURCES)

    def digits(self) -> "InputImageQuerySet":
        """Return the images that are labelled with one of the ten digits."""
        return self.filter(label__in=list(DIGITS))

    def with_predictions(self) -> "InputImageQuerySet":
        newest_first = Prediction.objects.with_model().order_by("-id")
        return self.select_related("upload").prefetch_related(
            models.Prefetch("predictions", queryset=newest_first)
        )


class InputImage(models.Model):
    """An image of one digit: 28×28, row-major, ink = 255."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(
        _("label"), max_length=12, choices=build_choices(LABELS), default=Label.UNKNOWN.value
    )
    is_training = models.BooleanField(default=True)
    pixels = models.BinaryField(editable=False)
    source = models.CharField(_("source"), max_length=12, choices=Source.choices)
    upload = models.ForeignKey(
        Upload, models.CASCADE, null=True, editable=False, related_name="images"
    )
    box = ArrayField(
        models.PositiveIntegerField(),
        size=4,
        null=True,
        editable=False,
        help_text=_("x, y, width, height in the upright original's pixels"),
        verbose_name=_("box"),
    )
    position = models.PositiveSmallIntegerField(
        null=True,
        db_default=0,
        editable=False,
        help_text="reading order within the upload; null for a box that a visitor added",
    )
    group = models.UUIDField(
        null=True,
        editable=False,
        help_text="shared by near-duplicates; set when training first reads the labelled image",
    )
    labelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("labelled by"),
    )
    labelled_at = models.DateTimeField(_("labelled at"), null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InputImageQuerySet.as_manager()

    class Meta:
        db_table = "input_data"
        verbose_name, verbose_name_plural = _("image"), _("images")
        default_permissions = ("view",)
        permissions = [("label_inputimage", "Can label images")]
        indexes = [
            # These indexes alone answer the lists' counts and pages.
            models.Index(
                fields=["label", "-created_at", "-id"],
                name="input_data_by_label",
                include=["source"],
                condition=Q(source__in=UPLOAD_SOURCES),
            ),
            models.Index(
                fields=["-created_at", "-id"],
                name="input_data_newest",
                include=["source"],
                condition=Q(source__in=UPLOAD_SOURCES),
            ),
            models.Index(
                fields=["source", "is_training"],
                name="input_data_split",
                condition=Q(source__in=MNIST_SOURCES),
            ),
            models.Index(
                fields=["labelled_at"],
                name="input_data_labelled",
                include=["labelled_by", "label", "source"],
                condition=Q(labelled_at__isnull=False),
            ),
        ]
        constraints = [
            build_choice_constraint("label", LABELS, "input_data_label_is_known"),
            build_choice_constraint("source", Source.values, "input_data_source_is_known"),
            models.CheckConstraint(
                condition=Exact(ByteLength("pixels"), PIXELS_BYTES),
                name="input_data_pixels_are_28_by_28",
            ),
            models.CheckConstraint(
                condition=Q(source__in=UPLOAD_SOURCES, upload__isnull=False, box__isnull=False)
                | Q(~Q(source__in=UPLOAD_SOURCES), upload__isnull=True, box__isnull=True),
                name="input_data_upload_and_box_go_together",
            ),
            models.CheckConstraint(
                condition=Q(box__isnull=True) | Q(Exact(ArrayLength("box"), 4)),
                name="input_data_box_has_four_numbers",
            ),
            models.CheckConstraint(
                condition=Q(source__in=UPLOAD_SOURCES) | Q(label__in=list(DIGITS)),
                name="input_data_mnist_is_labelled",
            ),
            models.CheckConstraint(
                condition=~Q(source__in=UPLOAD_SOURCES)
                | Q(label=Label.UNKNOWN.value, labelled_at__isnull=True)
                | (~Q(label=Label.UNKNOWN.value) & Q(labelled_at__isnull=False)),
                name="input_data_labelled_at_with_label",
            ),
        ]

    def __str__(self) -> str:
        return _("image %(id)s") % {"id": self.pk}

    @property
    def content(self) -> uuid.UUID:
        """An id that images with equal pixels share."""
        return hash_pixels(bytes(self.pixels))

    @property
    def array(self) -> NDArray[np.uint8]:
        """The pixels as a (28, 28) array, ink = 255."""
        return np.frombuffer(self.pixels, np.uint8).reshape(28, 28)

    @property
    def current_prediction(self) -> "Prediction | None":
        """The newest prediction, without a query after `with_predictions()`."""
        return next(iter(self.predictions.all()), None)

    @property
    def is_guess_hidden(self) -> bool:
        """True if HIDE_GUESS hides predictions, as it does until the image has a label."""
        return bool(settings.HIDE_GUESS) and self.label == Label.UNKNOWN

    @property
    def visible_prediction(self) -> "Prediction | None":
        """The newest prediction, or None while labellers must not see it."""
        return None if self.is_guess_hidden else self.current_prediction


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def with_model(self) -> "PredictionQuerySet":
        return self.select_related("model").defer(*get_detail_fields("model"))

    def first_answers(self) -> "PredictionQuerySet":
        """Return the answers that senders received, without later predictions and boxes."""
        earlier = Prediction.objects.filter(image=OuterRef("image"), pk__lt=OuterRef("pk"))
        return self.exclude(Exists(earlier)).filter(image__position__isnull=False)


class Prediction(models.Model):
    """A model's prediction for an image. A trigger in the database keeps it from being changed."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="predictions")
    model = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        db_index=False,
        related_name="predictions",
        verbose_name=_("model"),
    )
    label = models.CharField(max_length=12, choices=build_choices([*DIGITS, Label.UNKNOWN]))
    best_guess = models.CharField(_("best guess"), max_length=1, choices=build_choices(DIGITS))
    confidence = models.FloatField(help_text="probability of the best guess, 0 to 1")
    probabilities = ArrayField(models.FloatField(), size=10)
    scores = models.JSONField(default=dict, help_text="measures of uncertainty, by name")
    verdict = models.CharField(_("verdict"), max_length=12, choices=VERDICT_CHOICES)
    reason = models.CharField(max_length=32, choices=REASON_CHOICES, blank=True)
    imaging_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        db_table = "predictions"
        verbose_name, verbose_name_plural = _("prediction"), _("predictions")
        default_permissions = ()
        indexes = [
            # This index alone answers the statistics of a period.
            models.Index(
                fields=["created_at"],
                name="predictions_by_time",
                include=["model", "verdict", "confidence"],
            )
        ]
        constraints = [
            build_choice_constraint("best_guess", DIGITS, "predictions_best_guess_is_a_digit"),
            build_choice_constraint("verdict", Verdict, "predictions_verdict_is_known"),
            build_choice_constraint("reason", ["", *Reason], "predictions_reason_is_known"),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.DIGIT.value, label=F("best_guess"), reason="")
                | (~Q(verdict=Verdict.DIGIT.value) & Q(label=Label.UNKNOWN.value) & ~Q(reason="")),
                name="predictions_label_and_reason_follow_verdict",
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1),
                name="predictions_confidence_is_a_probability",
            ),
            models.CheckConstraint(
                condition=Exact(ArrayLength("probabilities"), 10),
                name="predictions_probabilities_are_ten",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.best_guess} ({self.confidence:.1%})"

    @property
    def by_digit(self) -> dict[str, float]:
        return dict(zip(DIGITS, self.probabilities, strict=True))
