"""Which uploads a model learnt from, and which models learnt from an upload."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from classifier.models import InputImage, ModelVersion
from classifier.recognition.labels import Label
from classifier.registry import versions
from classifier.registry.comparison import NONE

SHOWN = 60


@dataclass(frozen=True)
class Correction:
    """An upload, and as what it was learnt."""

    image: InputImage
    label: str


@dataclass(frozen=True)
class Corrections:
    """How many uploads a model learnt from, and those of them that were labelled last."""

    count: int
    deleted: int  # of these, since
    shown: list[Correction]


def corrected(snapshot: dict[str, Any]) -> Corrections:
    labels: dict[str, str] = dict(snapshot.get("corrected", {}))
    images = InputImage.objects.filter(pk__in=labels).defer("pixels")
    newest = images.order_by("-labelled_at")[:SHOWN]
    return Corrections(
        count=len(labels),
        deleted=len(labels) - images.count(),
        shown=[Correction(image, _word(labels[str(image.pk)])) for image in newest],
    )


def _word(label: str) -> str:
    return NONE if label == Label.NOT_A_DIGIT else label


def link(model: ModelVersion) -> SafeString:
    address = reverse("admin:classifier_modelversion_change", args=[model.pk])
    return format_html('<a href="{}">{}</a>', address, model)


def learnt_by(image: InputImage) -> str:
    """Each model that learnt from an upload, with a link."""
    links = ((link(model),) for model in versions.list_trained_on(image))
    return format_html_join(", ", "{}", links) or "no model yet"
