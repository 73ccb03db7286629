"""A model beside the champion of its time: the images that only one of the two reads right."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np

from classifier.models import InputImage, ModelVersion
from classifier.recognition.labels import Label, Verdict
from classifier.recognition.model_folder import ArtifactError
from classifier.recognition.recognizer import Recognition
from classifier.registry import serving

SHOWN = 60
GROUPS = ("better", "worse")
NONE = "none"
TITLES = {
    "test": "MNIST's test split",
    "held_out_uploads": "Held-out uploads",
    "held_out": "Held-out MNIST and non-digits",
}

Readings = dict[UUID, str]


@dataclass(frozen=True)
class Read:
    """What each of the two calls an image; empty where its folder can't be used any more."""

    image: InputImage
    champion: str
    candidate: str


@dataclass(frozen=True)
class Group:
    """How many images, and the first of them."""

    count: int
    shown: list[Read]


@dataclass(frozen=True)
class ComparedSet:
    """What the two were measured on, by how many each got right; `p` as the gate worked it out."""

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
    """What `comparison` says, with the images themselves as both models read them now."""
    sets: dict[str, dict[str, Any]] = version.comparison.get("sets", {})
    ids = chain.from_iterable(each[group][:SHOWN] for each in sets.values() for group in GROUPS)
    images = InputImage.objects.in_bulk(list(ids))
    champion = _readings(version.comparison.get("against", ""), images.values())
    candidate = _readings(version.name, images.values())

    def group(ids: list[str]) -> Group:
        found = filter(None, (images.get(UUID(each)) for each in ids[:SHOWN]))
        return Group(
            len(ids),
            [Read(one, champion.get(one.pk, ""), candidate.get(one.pk, "")) for one in found],
        )

    return [
        ComparedSet(name, **each | {side: group(each[side]) for side in GROUPS})
        for name, each in sets.items()
    ]


def _readings(model: str, images: Iterable[InputImage]) -> Readings:
    images = list(images)
    version = ModelVersion.objects.light().filter(name=model).first() if images else None
    if version is None:
        return {}
    try:
        recognizer = serving.load_recognizer(version)
    except ArtifactError:
        return {}
    pixels = [np.frombuffer(image.pixels, np.uint8).reshape(28, 28) for image in images]
    said = recognizer.recognize(pixels)
    return {image.pk: _said(image, each) for image, each in zip(images, said, strict=True)}


def _said(image: InputImage, recognition: Recognition) -> str:
    """A digit counts by its best guess, and what is none by whether it was refused."""
    if image.label == Label.NOT_A_DIGIT and recognition.verdict != Verdict.DIGIT:
        return NONE
    return recognition.best_guess
