"""Which models are on record, and which one serves: registering, promoting, rolling back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import Func, JSONField, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import OuterRef

from classifier.errors import RuleBroken
from classifier.models import (
    UPLOADED,
    InputImage,
    ModelState,
    ModelVersion,
    Promotion,
    Source,
    Via,
    details,
)
from classifier.recognition import model_folder
from classifier.recognition.labels import Event
from classifier.recognition.recognizer import Recognizer
from classifier.registry.serving import BUNDLED, find_model_folder
from classifier.webhooks import events

MAX_REASON_LENGTH = 500


class Rejected(RuleBroken):
    """A model that is worse than the champion does not serve unless it is forced."""


class NoEarlierChampion(RuleBroken):
    """There is nothing to roll back to."""


def register(name: str, comparison: dict[str, Any] | None = None) -> ModelVersion:
    """Puts a model folder on record; one that is on record stays what it is.

    It is a candidate or, where its `comparison` with the champion says that it has not `passed`,
    rejected. Raises ArtifactError where it can't be loaded, RuleBroken where it is not what was
    registered.
    """
    folder = find_model_folder(name)
    model_folder.read(folder)  # with the files that only training needs
    recognizer = Recognizer(folder)
    comparison = comparison or {}
    rejected = not comparison.get("passed", True)
    values: dict[str, Any] = {
        "state": ModelState.REJECTED if rejected else ModelState.CANDIDATE,
        "checksum": recognizer.checksum,
        "metrics": recognizer.manifest.metrics,
        "configuration": recognizer.manifest.configuration,
        "snapshot": recognizer.manifest.dataset,
        "certificates": [each.to_json() for each in recognizer.manifest.certificates],
        "comparison": comparison,
    }
    version, _ = ModelVersion.objects.get_or_create(name=name, defaults=values)
    if version.checksum != recognizer.checksum:
        raise RuleBroken(
            f"{folder} is not the model that was registered as {name}. "
            "Give the new folder another name and promote that."
        )
    return version


@transaction.atomic
def promote(
    name: str,
    by: User | None = None,
    via: Via = Via.COMMAND,
    reason: str = "",
    force: bool = False,
) -> ModelVersion:
    """Makes a model the champion; the one before it is retired. Nothing is done to a champion.

    Raises as `register` does, Rejected for such a model unless `force` is set, and RuleBroken
    for a reason that is too long.
    """
    if len(reason) > MAX_REASON_LENGTH:
        raise RuleBroken(f"The reason is longer than {MAX_REASON_LENGTH} characters. Shorten it.")
    _one_at_a_time()
    version = register(name)
    if version.state == ModelState.CHAMPION:
        return version
    if version.state == ModelState.REJECTED and not force:
        raise Rejected(
            f"Model {name} was rejected: {version.comparison['reason']} "
            f"To let it serve all the same: python manage.py promote {name} --force"
        )
    before = get_champion()
    ModelVersion.objects.filter(state=ModelState.CHAMPION).update(state=ModelState.RETIRED)
    version.state = ModelState.CHAMPION
    version.save(update_fields=["state"])
    promotion = Promotion.objects.create(model=version, by=by, via=via, reason=reason)
    events.publish(
        Event.MODEL_PROMOTED,
        [
            {
                "name": promotion.model.name,
                "previous": before.name if before else None,
                "via": promotion.via,
                "by": promotion.by.username if promotion.by else None,
                "reason": promotion.reason,
            }
        ],
    )
    return version


def _one_at_a_time() -> None:
    """Until the transaction ends; two promotions at once would each retire the same champion."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE promotions IN SHARE ROW EXCLUSIVE MODE")


@transaction.atomic
def promote_bundled() -> ModelVersion:
    """Promotes the model that comes with the project, unless another one is in service.

    Its folder changes with the project's version: what an earlier one said stays on record under
    a name of its own. Raises ArtifactError.
    """
    champion = get_champion()
    if champion and champion.name != BUNDLED:
        return champion
    checksum = model_folder.sha256(find_model_folder(BUNDLED) / model_folder.MANIFEST)
    for earlier in ModelVersion.objects.filter(name=BUNDLED).exclude(checksum=checksum):
        earlier.name = f"{BUNDLED}-{earlier.checksum[:8]}"
        earlier.save(update_fields=["name"])
    return promote(BUNDLED, via=Via.AUTOMATIC, reason="It comes with the project.")


def rollback(by: User | None = None, via: Via = Via.COMMAND, reason: str = "") -> ModelVersion:
    """Promotes the model that served before the champion; a second time undoes the first.

    Raises NoEarlierChampion, and otherwise as `promote` does.
    """
    before = get_previous_champion()
    if before is None:
        raise NoEarlierChampion(
            "There is no earlier champion to go back to. Choose one: python manage.py promote NAME"
        )
    return promote(before.name, by, via, reason or "Rolled back.", force=True)


def get_champion() -> ModelVersion | None:
    return ModelVersion.objects.champion()


def get_previous_champion() -> ModelVersion | None:
    """The one that served before the champion."""
    others = _promotions().exclude(model__state=ModelState.CHAMPION)
    newest = others.order_by("-id").first()
    return newest.model if newest else None


def list_trained_on(image: InputImage) -> list[ModelVersion]:
    """The models that learnt from an upload, the newest first."""
    return list(
        ModelVersion.objects.light()
        .filter(snapshot__corrected__has_key=str(image.pk))
        .order_by("-id")
    )


def _promotions() -> QuerySet[Promotion]:
    return Promotion.objects.select_related("model", "by").defer(*details("model"))


class _Without(Func):
    """A JSON object without some of its keys."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = JSONField()

    def __init__(self, field: str, *keys: str) -> None:
        super().__init__(field, Value(list(keys), output_field=ArrayField(TextField())))


def list_versions() -> QuerySet[Any]:
    """The models, the newest first, each with `learnt_from` and `compared`, which are snapshot and
    comparison without what names each image, and `promoted_at`."""
    newest = Promotion.objects.filter(model=OuterRef("pk")).order_by("-id")
    return (
        ModelVersion.objects.light()
        .order_by("-id")
        .annotate(
            learnt_from=_Without("snapshot", "corrected", "since"),
            compared=_Without("comparison", "sets"),
            promoted_at=Subquery(newest.values("at")[:1]),
        )
    )


@dataclass(frozen=True)
class SnapshotSummary:
    """What a snapshot amounts to; `is_sample` where MNIST was the small sample only."""

    images: int
    uploads: int
    is_sample: bool


def summarize_snapshot(snapshot: dict[str, Any]) -> SnapshotSummary:
    by_source = snapshot.get("by_source", {})
    return SnapshotSummary(
        images=snapshot.get("images", 0),
        uploads=sum(by_source.get(source, 0) for source in UPLOADED),
        is_sample=Source.MNIST_SAMPLE in by_source,
    )


@dataclass(frozen=True)
class ServingPeriod:
    """A promotion, and until when its model served: None, until now."""

    promotion: Promotion
    until: datetime | None


def list_serving_periods() -> list[ServingPeriod]:
    """What was live when, the newest first."""
    return [ServingPeriod(each, each.until) for each in list_promotions()]


def list_promotions() -> QuerySet[Any]:
    """Promotions, the newest first, each with `until` when its model served: None, until now."""
    next_one = Promotion.objects.filter(pk__gt=OuterRef("pk")).order_by("pk")
    return _promotions().annotate(until=Subquery(next_one.values("at")[:1])).order_by("-id")
