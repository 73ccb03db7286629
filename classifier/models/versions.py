"""Model versions, their promotions, and training runs."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from classifier.models.constraints import build_choice_constraint
from classifier.models.source import Via


class ModelState(models.TextChoices):
    CANDIDATE = "candidate", _("Candidate")
    CHAMPION = "champion", _("Champion")
    RETIRED = "retired", _("Retired")
    REJECTED = "rejected", _("Rejected")


def get_detail_fields(of: str = "") -> list[str]:
    """Return the fields that list every image and take megabytes, through the relation `of`."""
    return [f"{of}__{name}" if of else name for name in ("snapshot", "comparison", "effects")]


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def without_details(self) -> "ModelVersionQuerySet":
        """Defer the detail fields, which are loaded when they are read."""
        return self.defer(*get_detail_fields())

    def champion(self) -> "ModelVersion | None":
        return self.without_details().filter(state=ModelState.CHAMPION).first()

    def newest_candidate(self) -> "ModelVersion | None":
        candidates = self.without_details().filter(state=ModelState.CANDIDATE)
        return candidates.order_by("-id").first()


class ModelVersion(models.Model):
    """A trained model: its folder in MODELS_DIR, its training data and its metrics."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    state = models.CharField(
        _("state"), max_length=12, choices=ModelState.choices, default=ModelState.CANDIDATE
    )
    metrics = models.JSONField(default=dict)
    configuration = models.JSONField(default=dict)
    snapshot = models.JSONField(default=dict, help_text="exactly what it was trained on")
    comparison = models.JSONField(
        default=dict, help_text="with the champion of that time, image by image"
    )
    effects = models.JSONField(
        default=dict, help_text="what its new labels changed, and the champion's answers"
    )
    certificates = models.JSONField(
        default=list, help_text="bounds on its errors among accepted digits"
    )
    checksum = models.CharField(max_length=64, help_text="sha256 of the folder's manifest")
    signer = models.CharField(
        max_length=64, blank=True, help_text="public key (Ed25519) that signed the manifest"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        db_table = "model_versions"
        verbose_name, verbose_name_plural = _("model"), _("models")
        default_permissions = ("view",)
        permissions = [("promote_modelversion", "Can promote models and roll back")]
        constraints = [
            build_choice_constraint("state", ModelState.values, "model_versions_state_is_known"),
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state="champion"),
                name="model_versions_one_champion",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | Q(comparison__has_key="reason"),
                name="model_versions_rejected_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Promotion(models.Model):
    """The start of a model's service. Append-only: the champion is the newest one's model."""

    model = models.ForeignKey(ModelVersion, models.PROTECT, related_name="promotions")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("who"),
    )
    via = models.CharField(max_length=12, choices=Via.choices)
    reason = models.CharField(_("why"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)

    class Meta:
        db_table = "promotions"
        default_permissions = ()
        constraints = [build_choice_constraint("via", Via.values, "promotions_via_is_known")]

    def __str__(self) -> str:
        return f"{self.model} from {self.at:%Y-%m-%d %H:%M}"


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    NOTHING_NEW = "nothing_new", _("Nothing new to learn")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED_STATES = (RunState.QUEUED, RunState.RUNNING)


class TrainingRun(models.Model):
    """A training run: who started it, its progress and its result."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    fine_tune = models.BooleanField(default=False, help_text="start from the champion's weights")
    force = models.BooleanField(default=False, help_text="train even without new labels")
    state = models.CharField(
        _("state"), max_length=12, choices=RunState.choices, default=RunState.QUEUED
    )
    stage = models.CharField(max_length=80, blank=True, help_text="the current step")
    progress = models.JSONField(default=list, help_text="loss and accuracy of each epoch")
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    result = models.OneToOneField(ModelVersion, models.PROTECT, null=True, related_name="run")
    cancel_requested = models.BooleanField(default=False)
    asked_at = models.DateTimeField(_("requested"), auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True, help_text="the last sign of life of its process")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "training_runs"
        verbose_name, verbose_name_plural = _("training run"), _("training runs")
        default_permissions = ("view",)
        permissions = [("start_trainingrun", "Can start and cancel training")]
        constraints = [
            build_choice_constraint("state", RunState.values, "training_runs_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(result__isnull=False),
                name="training_runs_success_has_a_result",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="training_runs_end_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="running")
                | Q(started_at__isnull=False, heartbeat_at__isnull=False),
                name="training_runs_running_has_a_heartbeat",
            ),
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=True),
                nulls_distinct=False,
                name="training_runs_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return _("run %(number)s") % {"number": self.pk}

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED_STATES
