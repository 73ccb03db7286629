"""A model compared with the champion of its time: the images that only one of them reads right."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from classifier.models import InputImage, ModelVersion
from classifier.recognition.labels import Label, Verdict
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import serving

MAX_IMAGES = 60
GROUPS = ("better", "worse")
NOT_A_DIGIT = "not a digit"
TITLES = {
    "test": "MNIST's test split",
    "held_out_uploads": "Held-out uploads",
    "held_out": "Held-out MNIST and non-digits",
}


@dataclass(frozen=True)
class ComparedImage:
    """An image and what both models read; empty if a model's folder can't be loaded any more."""

    image: InputImage
    champion: str
    candidate: str


@dataclass(frozen=True)
class Group:
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
    better: Group
    worse: Group

    @property
    def title(self) -> str:
        return TITLES.get(self.name, self.name)


def compare_sets(version: ModelVersion) -> list[ComparedSet]:
    """Return the sets of the stored comparison, with the images as both models read them now."""
    sets: dict[str, dict[str, Any]] = version.comparison.get("sets", {})
    ids = chain.from_iterable(
        each[group][:MAX_IMAGES] for each in sets.values() for group in GROUPS
    )
    images = InputImage.objects.in_bulk(list(ids))
    champion = _recognize(version.comparison.get("against", ""), images.values())
    candidate = _recognize(version.name, images.values())

    def build_group(ids: list[str]) -> Group:
        first = [UUID(image_id) for image_id in ids[:MAX_IMAGES]]
        return Group(
            len(ids),
            [
                ComparedImage(images[pk], champion.get(pk, ""), candidate.get(pk, ""))
                for pk in first
                if pk in images
            ],
        )

    return [
        ComparedSet(name, **each | {group: build_group(each[group]) for group in GROUPS})
        for name, each in sets.items()
    ]


def _recognize(model: str, images: Iterable[InputImage]) -> dict[UUID, str]:
    """Return what a model reads in each image, empty if its folder can't be loaded."""
    images = list(images)
    version = ModelVersion.objects.without_details().filter(name=model).first() if images else None
    if version is None:
        return {}
    try:
        recognizer = serving.load_cached(version)
    except ArtifactError:
        return {}
    pixels = [image.array for image in images]
    # The gate judges a digit by the best guess, and a non-digit by whether the model refuses it.
    return {
        image.pk: NOT_A_DIGIT
        if image.label == Label.NOT_A_DIGIT and recognition.verdict != Verdict.DIGIT
        else recognition.best_guess
        for image, recognition in zip(images, recognizer.recognize(pixels), strict=True)
    }
