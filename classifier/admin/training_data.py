"""The uploads that a model was trained on, and the models that were trained on an upload."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from classifier.models import InputImage, ModelVersion
from classifier.registry import versions

MAX_IMAGES = 60


@dataclass(frozen=True)
class LabelledUpload:
    """An image with the label that it had at training."""

    image: InputImage
    label: str


@dataclass(frozen=True)
class LabelledUploads:
    """The number of uploads that a model was trained on, and the 60 that were labelled last."""

    count: int
    deleted: int
    newest: list[LabelledUpload]


def list_labelled_uploads(snapshot: dict[str, Any]) -> LabelledUploads:
    labels: dict[str, str] = snapshot.get("corrected", {})
    images = InputImage.objects.filter(pk__in=labels).defer("pixels")
    newest = images.order_by("-labelled_at")[:MAX_IMAGES]
    return LabelledUploads(
        count=len(labels),
        deleted=len(labels) - images.count(),
        newest=[LabelledUpload(image, labels[str(image.pk)].replace("_", " ")) for image in newest],
    )


def link_model(model: ModelVersion) -> SafeString:
    address = reverse("admin:classifier_modelversion_change", args=[model.pk])
    return format_html('<a href="{}">{}</a>', address, model)


def link_models_trained_on(image: InputImage) -> str:
    links = ((link_model(model),) for model in versions.list_trained_on(image))
    return format_html_join(", ", "{}", links) or "no model yet"
