"""Explanations of a reading by the model in service: its focus and its nearest exemplars.

The readings of other models can't be explained.
"""

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

NEIGHBOURS = 5
# A browser requests the picture and its description one after the other.
CACHE_S = 60


class NotExplainable(Exception):
    """The image does not exist, or the model in service has not read it."""


@dataclass(frozen=True)
class Neighbour:
    """An exemplar, by its number in the model's folder, and its label."""

    number: int
    label: str


def get_served_model() -> ServedModel | None:
    try:
        return serving.champion.get()
    except NoModel:
        return None


def get_explaining_model(answer: Answer) -> ServedModel | None:
    """Return the model in service if it gave this answer."""
    served = get_served_model()
    return served if served and answer.model == served.version.name else None


def get_fingerprint(served: ServedModel) -> str:
    """Return a name that changes with any file of the model's folder, for use in addresses."""
    return served.version.checksum[:16]


def load_focus(image_id: UUID) -> Focus:
    """Return which parts of an image decided its reading. Raise NotExplainable."""
    newest = Prediction.objects.filter(image=image_id).order_by("-id")
    row = newest.values_list("model", "image__pixels").first()
    served = get_served_model()
    if row is None or served is None or row[0] != served.version.pk:
        raise NotExplainable
    key = f"focus_{get_fingerprint(served)}_{image_id}"
    focus: Focus | None = cache.get(key)
    if focus is None:
        pixels = np.frombuffer(row[1], np.uint8).reshape(28, 28)
        focus = occlusion.find_focus(served.recognizer, pixels)
        cache.set(key, focus, CACHE_S)
    return focus


def find_neighbours(upload: Upload, served: ServedModel) -> Mapping[UUID | None, list[Neighbour]]:
    """Return the nearest exemplars of each image in the upload; none if the model has none."""
    exemplars = served.recognizer.exemplars
    items = QueueItem.objects.filter(image__upload=upload)
    embeddings = dict(items.values_list("pk", "embedding"))
    if exemplars is None or not embeddings:
        return {}
    nearest = exemplars.find_nearest([bytes(each) for each in embeddings.values()], NEIGHBOURS)
    return {
        image: [Neighbour(number, str(exemplars.labels[number])) for number in numbers]
        for image, numbers in zip(embeddings, nearest, strict=True)
    }


def list_typical_exemplars(served: ServedModel) -> list[Neighbour]:
    """Return the most typical exemplar of each digit."""
    exemplars = served.recognizer.exemplars
    if exemplars is None:
        return []
    labels, firsts = np.unique(exemplars.labels, return_index=True)
    return [Neighbour(*each) for each in zip(firsts.tolist(), map(str, labels), strict=True)]


def get_exemplar(fingerprint: str, number: int) -> NDArray[np.uint8]:
    """Return an exemplar's (28, 28) pixels. Raise NotExplainable if the model serves no longer."""
    served = get_served_model()
    if served is None or fingerprint != get_fingerprint(served):
        raise NotExplainable
    exemplars = served.recognizer.exemplars
    if exemplars is None or number >= len(exemplars.labels):
        raise NotExplainable
    return np.asarray(exemplars.pixels[number])
