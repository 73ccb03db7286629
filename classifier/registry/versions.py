"""Registered models and their promotion: exactly one champion serves."""

from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import Func, JSONField, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from classifier.errors import RuleBroken
from classifier.models import (
    UPLOAD_SOURCES,
    InputImage,
    ModelState,
    ModelVersion,
    Promotion,
    Source,
    Via,
    get_detail_fields,
)
from classifier.recognition import model_folder
from classifier.recognition.labels import Event
from classifier.recognition.recognizer import Recognizer
from classifier.registry import erasures, signatures
from classifier.registry.serving import BUNDLED, find_model_folder
from classifier.webhooks import events

MAX_REASON_LENGTH = 500


class Rejected(RuleBroken):
    """The model did worse than the champion, so it serves only if it is forced."""


class NoEarlierChampion(RuleBroken):
    """No other model has served, so there is none to roll back to."""


@transaction.atomic
def register_model(
    name: str,
    comparison: dict[str, Any] | None = None,
    effects: dict[str, Any] | None = None,
) -> ModelVersion:
    """Register a model folder as a candidate if it is not registered yet.

    A model whose `comparison` with the champion has not `passed` is rejected. Raise ArtifactError
    if the folder can't be loaded, RuleBroken if it differs from the registered one.
    """
    folder = find_model_folder(name)
    model_folder.verify(folder)  # checks the files that only training reads
    signer = signatures.check_signature(folder)
    recognizer = Recognizer(folder)
    has_passed = comparison is None or comparison.get("passed", True)
    values = {
        "state": ModelState.CANDIDATE if has_passed else ModelState.REJECTED,
        "signer": signer,
        "comparison": comparison or {},
        "effects": effects or {},
    }
    version, is_new = ModelVersion.objects.get_or_create(
        name=name, defaults=values | _describe_folder(recognizer)
    )
    if is_new:
        erasures.record_learned_deletions(version)
    if version.checksum != recognizer.checksum:
        raise RuleBroken(
            _(
                "%(folder)s is not the model that was registered as %(name)s. "
                "Give the new folder another name and promote that."
            )
            % {"folder": folder, "name": name}
        )
    return version


def _describe_folder(recognizer: Recognizer) -> dict[str, Any]:
    manifest = recognizer.manifest
    return {
        "checksum": recognizer.checksum,
        "metrics": manifest.metrics,
        "configuration": manifest.configuration,
        "snapshot": manifest.dataset,
        "certificates": [asdict(certificate) for certificate in manifest.certificates],
    }


@transaction.atomic
def promote_model(
    name: str,
    by: User | None = None,
    via: Via = Via.COMMAND,
    reason: str = "",
    force: bool = False,
) -> ModelVersion:
    """Make a model the champion and retire the one before it.

    Raise what `register_model` raises, Rejected for a rejected model unless `force` is set, and
    RuleBroken for a reason that is too long.
    """
    with connection.cursor() as cursor:
        # Two promotions at once would each retire the same champion.
        cursor.execute("LOCK TABLE promotions IN SHARE ROW EXCLUSIVE MODE")
    version = register_model(name)
    if version.state == ModelState.CHAMPION:
        return version
    _check_promotable(version, reason, force)
    previous = ModelVersion.objects.champion()
    ModelVersion.objects.filter(state=ModelState.CHAMPION).update(state=ModelState.RETIRED)
    version.state = ModelState.CHAMPION
    version.save(update_fields=["state"])
    promotion = Promotion.objects.create(model=version, by=by, via=via, reason=reason)
    events.publish_event(Event.MODEL_PROMOTED, [_build_event(promotion, previous)])
    return version


def _build_event(promotion: Promotion, previous: ModelVersion | None) -> dict[str, Any]:
    return {
        "name": promotion.model.name,
        "previous": previous.name if previous else None,
        "via": promotion.via,
        "by": promotion.by.username if promotion.by else None,
        "reason": promotion.reason,
    }


@transaction.atomic
def promote_bundled_model() -> ModelVersion:
    """Promote the model that comes with the project, unless another one serves.

    A new release may bring another model under the same name: the one before it is renamed, so
    that its predictions stay on record. Raise ArtifactError.
    """
    champion = ModelVersion.objects.champion()
    if champion and champion.name != BUNDLED:
        return champion
    checksum = model_folder.hash_file(find_model_folder(BUNDLED) / model_folder.MANIFEST)
    for earlier in ModelVersion.objects.filter(name=BUNDLED).exclude(checksum=checksum):
        earlier.name = f"{BUNDLED}-{earlier.checksum[:8]}"
        earlier.save(update_fields=["name"])
    return promote_model(
        BUNDLED, via=Via.AUTOMATIC, reason=gettext_noop("It comes with the project.")
    )


def _check_promotable(version: ModelVersion, reason: str, force: bool) -> None:
    if len(reason) > MAX_REASON_LENGTH:
        raise RuleBroken(
            _("The reason is longer than %(n)s characters. Shorten it.") % {"n": MAX_REASON_LENGTH}
        )
    if settings.FORGET_WITHIN_DAYS and (count := erasures.list_deleted_images(version).count()):
        raise RuleBroken(
            ngettext(
                "Model %(model)s was trained on %(count)s image deleted since. "
                "Train a model from scratch: python manage.py train",
                "Model %(model)s was trained on %(count)s images deleted since. "
                "Train a model from scratch: python manage.py train",
                count,
            )
            % {"model": version, "count": count}
        )
    if version.state == ModelState.REJECTED and not force:
        raise Rejected(
            _(
                "Model %(name)s was rejected: %(reason)s "
                "To promote it anyway: python manage.py promote %(name)s --force"
            )
            % {"name": version, "reason": version.comparison["reason"]}
        )


@transaction.atomic
def reject_model(name: str, by: User, reason: str = "") -> ModelVersion:
    """Reject a candidate: only force promotes it then. Raise RuleBroken for any other model."""
    version = ModelVersion.objects.select_for_update().get(name=name)
    if version.state != ModelState.CANDIDATE:
        raise RuleBroken(
            _("Model %(name)s is no candidate, so it can’t be rejected.") % {"name": name}
        )
    version.state = ModelState.REJECTED
    version.comparison["reason"] = f"Rejected by {by.username}. {reason}".strip()
    version.save(update_fields=["state", "comparison"])
    return version


def roll_back(by: User | None = None, via: Via = Via.COMMAND, reason: str = "") -> ModelVersion:
    """Promote the model that served before the champion; a second call undoes the first.

    Raise NoEarlierChampion and what `promote_model` raises.
    """
    previous = get_previous_champion()
    if previous is None:
        raise NoEarlierChampion(
            _(
                "There is no earlier champion to go back to. "
                "Choose one: python manage.py promote NAME"
            )
        )
    return promote_model(previous.name, by, via, reason or "Rolled back.", force=True)


def get_previous_champion() -> ModelVersion | None:
    """Return the model that served before the champion."""
    promotions = Promotion.objects.select_related("model").defer(*get_detail_fields("model"))
    newest = promotions.exclude(model__state=ModelState.CHAMPION).order_by("-id").first()
    return newest.model if newest else None


def list_serving_periods() -> QuerySet[Any]:
    """Return the promotions, newest first, each with the time `until` which its model served.

    `until` is None for the champion.
    """
    following = Promotion.objects.filter(pk__gt=OuterRef("pk")).order_by("pk")
    promotions = Promotion.objects.select_related("model", "by").defer(*get_detail_fields("model"))
    return promotions.annotate(until=Subquery(following.values("at")[:1])).order_by("-id")


class _WithoutKeys(Func):
    """A JSON object without some of its keys."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = JSONField()

    def __init__(self, field: str, *keys: str) -> None:
        super().__init__(field, Value(list(keys), output_field=ArrayField(TextField())))


def list_versions() -> QuerySet[Any]:
    """Return the models, newest first, with `promoted_at` and summaries of the JSON fields.

    `snapshot_summary` and `comparison_summary` leave out the ids of images.
    """
    newest = Promotion.objects.filter(model=OuterRef("pk")).order_by("-id")
    return (
        ModelVersion.objects.without_details()
        .order_by("-id")
        .annotate(
            snapshot_summary=_WithoutKeys("snapshot", "corrected", "since"),
            comparison_summary=_WithoutKeys("comparison", "sets"),
            promoted_at=Subquery(newest.values("at")[:1]),
        )
    )


def list_trained_on(image: InputImage) -> QuerySet[ModelVersion]:
    """Return the models that were trained on an upload, newest first."""
    trained = ModelVersion.objects.filter(snapshot__corrected__has_key=str(image.pk))
    return trained.without_details().order_by("-id")


@dataclass(frozen=True)
class SnapshotSummary:
    """The size of the training data; `is_sample` if they hold only the small sample of MNIST."""

    images: int
    uploads: int
    is_sample: bool


def summarize_snapshot(snapshot: dict[str, Any]) -> SnapshotSummary:
    by_source = snapshot.get("by_source", {})
    return SnapshotSummary(
        images=snapshot.get("images", 0),
        uploads=sum(by_source.get(source, 0) for source in UPLOAD_SOURCES),
        is_sample=Source.MNIST_SAMPLE in by_source,
    )
