"""Which images of the list are asked for."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from rest_framework import serializers

from classifier.models import (
    UPLOADED,
    InputImage,
    InputImageQuerySet,
    ModelVersion,
    Prediction,
)
from classifier.recognition.labels import LABELS, Label, Verdict


class OneOf(serializers.ChoiceField):
    """That says which there are."""

    def __init__(self, known: Sequence[str], **kwargs: Any) -> None:
        super().__init__(choices=known, required=False, **kwargs)
        self.error_messages["invalid_choice"] = f"'{{input}}' is not one of {', '.join(known)}."


class ImageFilter(serializers.Serializer[Any]):
    label = OneOf(LABELS)  # type: ignore[assignment]
    source = OneOf([source.value for source in UPLOADED])  # type: ignore[assignment]
    verdict = OneOf([*Verdict], help_text="of the newest prediction")
    upload = serializers.UUIDField(required=False, help_text="all digits of one picture")
    model = serializers.CharField(required=False, help_text="of the newest prediction, by its name")
    labelled = serializers.BooleanField(
        required=False,
        help_text="true: not unknown any more",
        error_messages={"invalid": "Use true or false."},
    )
    created_after = serializers.DateTimeField(required=False, help_text="later than this")
    created_before = serializers.DateTimeField(required=False, help_text="earlier than this")

    def validate_model(self, name: str) -> int:
        ids = dict(ModelVersion.objects.order_by("-id").values_list("name", "pk"))
        if name not in ids:
            raise serializers.ValidationError(f"'{name}' is not one of {', '.join(ids)}.")
        return ids[name]


def chosen(params: dict[str, str]) -> InputImageQuerySet:
    """The uploaded images that a query asks for. Raises ValidationError."""
    asked = ImageFilter(data=params)
    asked.is_valid(raise_exception=True)
    wanted = asked.validated_data
    images: InputImageQuerySet = InputImage.objects.uploaded()
    for name, lookup in {
        "label": "label",
        "source": "source",
        "upload": "upload",
        "created_after": "created_at__gt",
        "created_before": "created_at__lt",
    }.items():
        if name in wanted:
            images = images.filter(**{lookup: wanted[name]})
    if "labelled" in wanted:
        unknown = Q(label=Label.UNKNOWN)
        images = images.filter(Q(labelled_at__isnull=False) if wanted["labelled"] else unknown)
    said = {name: wanted[name] for name in ("verdict", "model") if name in wanted}
    return images.filter(_newest_prediction(said)) if said else images


def _newest_prediction(said: dict[str, Any]) -> Exists:
    """Worded so that the database may begin with the images or, for what is rarely said, there."""
    newer = Prediction.objects.filter(image=OuterRef("image"), pk__gt=OuterRef("pk"))
    return Exists(Prediction.objects.filter(~Exists(newer), image=OuterRef("pk"), **said))
