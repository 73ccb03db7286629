"""A model compared with the champion of its time: the effects of new labels, and other changes.

Both models' answers were stored when the model was registered, so no model is loaded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from classifier.models import InputImage, ModelVersion
from classifier.models.constraints import describe_label
from classifier.recognition.labels import Label

MAX_IMAGES = 60
CHANGES = ("better", "worse")
TITLES = {
    "test": gettext_lazy("MNIST's test split"),
    "held_out_uploads": gettext_lazy("Held-out uploads"),
    "held_out": gettext_lazy("Held-out MNIST and non-digits"),
}


@dataclass(frozen=True)
class ComparedImage:
    """An image and both models' answers, empty if they were not stored.

    `images` counts its near-duplicates of the same group, itself included.
    """

    image: InputImage
    champion: str
    candidate: str
    images: int = 1


@dataclass(frozen=True)
class ChangedImages:
    """The number of images that got better or worse, and the first 60 of them."""

    count: int
    images: list[ComparedImage]


@dataclass(frozen=True)
class ComparedSet:
    """A set of images, how many of them each model read right, and the p-value of the gate."""

    name: str
    images: int
    champion_right: int
    candidate_right: int
    p: float
    better: ChangedImages
    worse: ChangedImages

    @property
    def title(self) -> str:
        return str(TITLES.get(self.name, self.name))


@dataclass(frozen=True)
class LearnedLabel:
    """The images with one new label, how many each model reads right, and their first groups."""

    label: str
    images: int
    champion_right: int
    candidate_right: int
    groups: list[ComparedImage]


def list_learned_labels(version: ModelVersion) -> list[LearnedLabel]:
    """Return the labels that are new since the champion; deleted images are left out."""
    labels: list[dict[str, Any]] = version.effects.get("labels", [])
    images = _load_images(group["image"] for label in labels for group in label["groups"])
    return [
        LearnedLabel(
            **label
            | {
                "label": describe_label(label["label"]),
                "groups": [*_build_groups(label["groups"], images)],
            }
        )
        for label in labels
    ]


def _build_groups(
    groups: Iterable[dict[str, Any]], images: dict[UUID, InputImage]
) -> Iterable[ComparedImage]:
    for group in groups:
        if image := images.get(UUID(group["image"])):
            yield ComparedImage(
                image, _format(group["champion"]), _format(group["candidate"]), group["images"]
            )


def describe_reason(version: ModelVersion) -> str:
    """Return in one sentence for each set why the gate passed or rejected the model."""
    sets: dict[str, dict[str, Any]] = version.comparison.get("sets", {})
    if not sets:
        return _(version.comparison.get("reason", ""))
    return " ".join(_describe_set(name, each) for name, each in sets.items())


def _describe_set(name: str, each: dict[str, Any]) -> str:
    worse = len(each["worse"])
    values = {
        "set": TITLES.get(name, name),
        "worse": worse,
        "better": len(each["better"]),
        "p": number_format(f"{each['p']:.2g}"),
    }
    return (
        ngettext(
            "%(set)s: %(worse)s image got worse, %(better)s better (p = %(p)s).",
            "%(set)s: %(worse)s images got worse, %(better)s better (p = %(p)s).",
            worse,
        )
        % values
    )


def compare_sets(version: ModelVersion) -> list[ComparedSet]:
    """Return the sets of the stored comparison; deleted images are left out."""
    sets: dict[str, dict[str, Any]] = version.comparison.get("sets", {})
    answers: dict[str, tuple[str, str]] = version.effects.get("answers", {})
    images = _load_images(
        id_ for each in sets.values() for change in CHANGES for id_ in each[change][:MAX_IMAGES]
    )

    def build_image(id_: str) -> ComparedImage:
        champion, candidate = answers.get(id_, ("", ""))
        return ComparedImage(images[UUID(id_)], _format(champion), _format(candidate))

    def build_changes(ids: list[str]) -> ChangedImages:
        first = [build_image(id_) for id_ in ids[:MAX_IMAGES] if UUID(id_) in images]
        return ChangedImages(len(ids), first)

    return [
        ComparedSet(name, **each | {change: build_changes(each[change]) for change in CHANGES})
        for name, each in sets.items()
    ]


def _format(answer: str) -> str:
    return "–" if answer == Label.NOT_A_DIGIT else answer


@dataclass(frozen=True)
class Totals:
    """The new labels and how many of them each model reads right, and the images compared."""

    new_labels: int
    champion_right: int
    candidate_right: int
    images: int
    better: int
    worse: int


def add_up(labels: list[LearnedLabel], sets: list[ComparedSet]) -> Totals:
    return Totals(
        new_labels=sum(label.images for label in labels),
        champion_right=sum(label.champion_right for label in labels),
        candidate_right=sum(label.candidate_right for label in labels),
        images=sum(each.images for each in sets),
        better=sum(each.better.count for each in sets),
        worse=sum(each.worse.count for each in sets),
    )


def _load_images(ids: Iterable[str]) -> dict[UUID, InputImage]:
    return InputImage.objects.defer("pixels").in_bulk([UUID(id_) for id_ in ids])
