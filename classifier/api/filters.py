"""Filters of the list of images."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext
from rest_framework import serializers

from classifier.models import (
    UPLOAD_SOURCES,
    InputImage,
    InputImageQuerySet,
    ModelVersion,
    Prediction,
)
from classifier.recognition.labels import LABELS, Label, Verdict

LOOKUPS = {
    "label": "label",
    "source": "source",
    "upload": "upload",
    "created_after": "created_at__gt",
    "created_before": "created_at__lt",
}


class ChoiceFilter(serializers.ChoiceField):
    """An optional choice whose error message lists the choices."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(choices=choices, required=False, **kwargs)
        self.error_messages["invalid_choice"] = f"'{{input}}' is not one of {', '.join(choices)}."


class ImageFilter(serializers.Serializer[Any]):
    label = ChoiceFilter(LABELS)  # type: ignore[assignment]
    source = ChoiceFilter([source.value for source in UPLOAD_SOURCES])  # type: ignore[assignment]
    verdict = ChoiceFilter([*Verdict], help_text="the verdict of the newest prediction")
    upload = serializers.UUIDField(required=False, help_text="the upload that contains the image")
    model = serializers.CharField(
        required=False, help_text="the name of the model that made the newest prediction"
    )
    labelled = serializers.BooleanField(
        required=False,
        help_text="true for images with a label, false for unknown ones",
        error_messages={"invalid": "Use true or false."},
    )
    created_after = serializers.DateTimeField(required=False, help_text="later than this time")
    created_before = serializers.DateTimeField(required=False, help_text="earlier than this time")

    def validate_model(self, name: str) -> int:
        ids = dict(ModelVersion.objects.order_by("-id").values_list("name", "pk"))
        if name not in ids:
            raise serializers.ValidationError(
                gettext("'%(name)s' is not one of %(names)s.")
                % {"name": name, "names": ", ".join(ids)}
            )
        return ids[name]


def filter_uploaded_images(params: dict[str, str]) -> InputImageQuerySet:
    """Return the uploaded images that match a query string. Raise ValidationError."""
    query = ImageFilter(data=params)
    query.is_valid(raise_exception=True)
    values = query.validated_data
    images: InputImageQuerySet = InputImage.objects.uploaded()
    for name, lookup in LOOKUPS.items():
        if name in values:
            images = images.filter(**{lookup: values[name]})
    if "labelled" in values:
        unknown = Q(label=Label.UNKNOWN)
        images = images.filter(Q(labelled_at__isnull=False) if values["labelled"] else unknown)
    prediction = {name: values[name] for name in ("verdict", "model") if name in values}
    return images.filter(_has_newest_prediction(prediction)) if prediction else images


def _has_newest_prediction(values: dict[str, Any]) -> Exists:
    # In this form PostgreSQL can start from the predictions if few of them have these values.
    newer = Prediction.objects.filter(image=OuterRef("image"), pk__gt=OuterRef("pk"))
    return Exists(Prediction.objects.filter(~Exists(newer), image=OuterRef("pk"), **values))
