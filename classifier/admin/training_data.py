"""The uploads that a model was trained on, and the models that were trained on an upload."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from classifier.models import InputImage, ModelVersion
from classifier.models.constraints import describe_label
from classifier.registry import erasures, versions

MAX_IMAGES = 60
MAX_READ = 4 * MAX_IMAGES


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


def list_labelled_uploads(version: ModelVersion) -> LabelledUploads:
    labels: dict[str, str] = version.snapshot.get("corrected", {})
    read_at = parse_datetime(version.snapshot.get("read_at", "")) or version.created_at
    newest = InputImage.objects.uploaded().filter(labelled_at__lte=read_at).order_by("-labelled_at")
    # The model was trained on nearly all of these. Querying each id of a snapshot takes seconds.
    images = newest.defer("pixels")[:MAX_READ] if labels else []
    trained_on = [image for image in images if str(image.pk) in labels][:MAX_IMAGES]
    return LabelledUploads(
        count=len(labels),
        deleted=erasures.list_deleted_images(version).count(),
        newest=[
            LabelledUpload(image, describe_label(labels[str(image.pk)])) for image in trained_on
        ],
    )


def link_model(model: ModelVersion) -> SafeString:
    address = reverse("admin:classifier_modelversion_change", args=[model.pk])
    return format_html('<a href="{}">{}</a>', address, model)


def link_models_trained_on(image: InputImage) -> str:
    links = ((link_model(model),) for model in versions.list_trained_on(image))
    return format_html_join(", ", "{}", links) or _("no model yet")
