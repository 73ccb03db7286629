"""Which models are on record, and which one serves: registering, promoting, rolling back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from classifier import artifact
from classifier.models import ModelState, ModelVersion, Promotion, Via
from classifier.recognizer import Recognizer
from classifier.services import RuleBroken
from classifier.serving import BUNDLED, model_folder


def register(name: str, comparison: dict[str, Any] | None = None) -> ModelVersion:
    """Puts a model folder on record; one that is on record stays what it is.

    It is a candidate or, where its `comparison` with the champion says that it has not `passed`,
    rejected. Raises ArtifactError where it can't be loaded, RuleBroken where it is not what was
    registered.
    """
    folder = model_folder(name)
    manifest = Recognizer(folder).manifest
    checksum = artifact.sha256(folder / artifact.MANIFEST)
    comparison = comparison or {}
    rejected = not comparison.get("passed", True)
    values: dict[str, Any] = {
        "state": ModelState.REJECTED if rejected else ModelState.CANDIDATE,
        "checksum": checksum,
        "metrics": manifest.metrics,
        "configuration": manifest.configuration,
        "snapshot": manifest.dataset,
        "comparison": comparison,
    }
    version, _ = ModelVersion.objects.get_or_create(name=name, defaults=values)
    if version.checksum != checksum:
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

    Raises as `register` does, and RuleBroken for a rejected model unless `force` is set.
    """
    version = register(name)
    _one_at_a_time()
    version.refresh_from_db()
    if version.state == ModelState.CHAMPION:
        return version
    if version.state == ModelState.REJECTED and not force:
        raise RuleBroken(
            f"{name} was rejected: {version.comparison['reason']} "
            f"To let it serve all the same: python manage.py promote {name} --force"
        )
    ModelVersion.objects.filter(state=ModelState.CHAMPION).update(state=ModelState.RETIRED)
    version.state = ModelState.CHAMPION
    version.save(update_fields=["state"])
    Promotion.objects.create(model=version, by=by, via=via, reason=reason)
    return version


def _one_at_a_time() -> None:
    """Until the transaction ends; two promotions at once would each retire the same champion."""
    list(ModelVersion.objects.order_by("pk").select_for_update().values_list("pk"))


@transaction.atomic
def promote_bundled() -> ModelVersion:
    """Promotes the model that comes with the project, unless another one is in service.

    Its folder changes with the project's version: what an earlier one said stays on record under
    a name of its own. Raises ArtifactError.
    """
    champion = current()
    if champion and champion.name != BUNDLED:
        return champion
    checksum = artifact.sha256(model_folder(BUNDLED) / artifact.MANIFEST)
    for earlier in ModelVersion.objects.filter(name=BUNDLED).exclude(checksum=checksum):
        earlier.name = f"{BUNDLED}-{earlier.checksum[:8]}"
        earlier.save(update_fields=["name"])
    return promote(BUNDLED, via=Via.AUTOMATIC, reason="It comes with the project.")


def rollback(by: User | None = None, via: Via = Via.COMMAND, reason: str = "") -> ModelVersion:
    """Promotes the model that served before the champion; a second time undoes the first.

    Raises RuleBroken where there is none, and as `register` does.
    """
    before = previous()
    if before is None:
        raise RuleBroken(
            "There is no earlier champion to go back to. Choose one: python manage.py promote NAME"
        )
    return promote(before.name, by, via, reason or "Rolled back.", force=True)


def current() -> ModelVersion | None:
    return ModelVersion.objects.filter(state=ModelState.CHAMPION).first()


def previous() -> ModelVersion | None:
    """The one that served before the champion."""
    others = Promotion.objects.exclude(model__state=ModelState.CHAMPION)
    newest = others.select_related("model").order_by("-id").first()
    return newest.model if newest else None


@dataclass(frozen=True)
class Reign:
    """A promotion, and until when its model served: None, until now."""

    promotion: Promotion
    until: datetime | None


def timeline() -> list[Reign]:
    """What was live when, the newest first."""
    promotions = list(Promotion.objects.select_related("model", "by").order_by("-id"))
    ends = [None, *(promotion.at for promotion in promotions)]
    return [Reign(each, until) for each, until in zip(promotions, ends, strict=False)]
