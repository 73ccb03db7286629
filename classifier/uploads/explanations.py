"""Why the model in service reads an image as it does. Of what another one read nothing is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.core.cache import cache
from numpy.typing import NDArray

from classifier.models import Prediction, QueueItem, Upload
from classifier.recognition import occlusion
from classifier.recognition.occlusion import Focus
from classifier.registry import serving
from classifier.registry.serving import NoModel, ServedModel
from classifier.uploads.answers import Answer

NEAREST = 5
# The picture and the words that go with it are asked for one after the other.
KEPT_S = 60


class NotExplainable(Exception):
    """There is no such image, or the model in service has not read it."""


@dataclass(frozen=True)
class Neighbour:
    """An exemplar, by its number, and what it is."""

    number: int
    label: str


def get_served_model() -> ServedModel | None:
    try:
        return serving.champion.get()
    except NoModel:
        return None


def get_explaining_model(answer: Answer) -> ServedModel | None:
    """The model in service, if it gave this answer."""
    served = get_served_model()
    return served if served and answer.model == served.version.name else None


def get_fingerprint(served: ServedModel) -> str:
    """Another one as soon as anything in its folder is another."""
    return served.version.checksum[:16]


def load_focus(image_id: UUID) -> Focus:
    """Where the model looked. Raises Unexplained."""
    newest = Prediction.objects.filter(image=image_id).order_by("-id")
    row = newest.values_list("model", "image__pixels").first()
    served = get_served_model()
    if row is None or served is None or row[0] != served.version.pk:
        raise NotExplainable
    key = f"focus_{get_fingerprint(served)}_{image_id}"
    found: Focus | None = cache.get(key)
    if found is None:
        pixels = np.frombuffer(row[1], np.uint8).reshape(28, 28)
        found = occlusion.find_focus(served.recognizer, pixels)
        cache.set(key, found, KEPT_S)
    return found


def find_neighbours(upload: Upload, served: ServedModel) -> Mapping[UUID | None, list[Neighbour]]:
    """Of each image in an upload that this model has read; none if it has no exemplars."""
    exemplars = served.recognizer.exemplars
    items = QueueItem.objects.filter(image__upload=upload)
    stored = dict(items.values_list("pk", "embedding"))
    if exemplars is None or not stored:
        return {}
    nearest = exemplars.find_nearest([bytes(each) for each in stored.values()], NEAREST)
    return {
        image: [Neighbour(number, str(exemplars.labels[number])) for number in numbers]
        for image, numbers in zip(stored, nearest, strict=True)
    }


def list_typical_exemplars(served: ServedModel) -> list[Neighbour]:
    """The most usual exemplar of each digit."""
    exemplars = served.recognizer.exemplars
    if exemplars is None:
        return []
    labels, firsts = np.unique(exemplars.labels, return_index=True)
    return [Neighbour(*each) for each in zip(firsts.tolist(), map(str, labels), strict=True)]


def get_exemplar(model: str, number: int) -> NDArray[np.uint8]:
    """Its (28, 28) pixels; `model` is a `name_of`. Raises Unexplained."""
    served = get_served_model()
    exemplars = served.recognizer.exemplars if served and model == get_fingerprint(served) else None
    if exemplars is None or number >= len(exemplars.labels):
        raise NotExplainable
    return np.asarray(exemplars.pixels[number])
