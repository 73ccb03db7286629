"""JSON of the API's objects."""

import base64
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.request import Request

from classifier.api.strict_fields import StrictBooleanField, StrictCharField, StrictChoiceField
from classifier.models import (
    UPLOAD_SOURCES,
    InputImage,
    ModelVersion,
    Prediction,
    Promotion,
    TrainingRun,
)
from classifier.recognition.labels import CLAIMS, KNOWN_LABELS, LABELS
from classifier.registry import versions


def read_body(request: Request, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return the validated body of a request. Raise ValidationError."""
    body = form(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField(help_text="always about:blank")
    title = serializers.CharField(help_text="the name of the status")
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(help_text="what was wrong and what to do, for people")
    code = serializers.CharField(help_text="what was wrong, for programs; stable")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="messages by field, if the input is not valid",
    )


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    model = serializers.SlugRelatedField[ModelVersion](slug_field="name", read_only=True)

    class Meta:
        model = Prediction
        fields = [
            "label",
            "best_guess",
            "confidence",
            "probabilities",
            "scores",
            "verdict",
            "reason",
            "model",
            "created_at",
        ]


class ImageSerializer(serializers.ModelSerializer[InputImage]):
    pixels = serializers.SerializerMethodField(
        help_text="784 bytes, 28×28 row-major, ink = 255, base64"
    )
    prediction = PredictionSerializer(
        source="visible_prediction",
        read_only=True,
        allow_null=True,
        help_text="the newest one; null for images without a label while HIDE_GUESS is set",
    )

    class Meta:
        model = InputImage
        fields = [
            "id",
            "label",
            "source",
            "upload",
            "box",
            "pixels",
            "labelled_at",
            "created_at",
            "prediction",
        ]

    def get_pixels(self, image: InputImage) -> str:
        return base64.b64encode(image.pixels).decode()


class LabelSerializer(serializers.Serializer[Any]):
    label = StrictChoiceField(choices=LABELS)  # type: ignore[assignment]


class SuggestionSerializer(serializers.Serializer[Any]):
    label = StrictChoiceField(choices=KNOWN_LABELS)  # type: ignore[assignment]


class DeletionSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="what is still to be deleted, for people")


class ErasedImageSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    trained_models = serializers.ListField(
        child=serializers.CharField(), help_text="the models that were trained on it"
    )


class ReceiptContentSerializer(serializers.Serializer[Any]):
    upload = serializers.UUIDField()
    deleted_at = serializers.DateTimeField()
    images = ErasedImageSerializer(many=True)
    served_until = serializers.DictField(
        child=serializers.DateTimeField(allow_null=True),
        help_text="when each of these models left service; null for the one in service",
    )
    forgotten_at = serializers.DateTimeField(
        allow_null=True, help_text="since when none of them is in service; null if one is"
    )
    issued_at = serializers.DateTimeField()


class ReceiptSerializer(serializers.Serializer[Any]):
    receipt = ReceiptContentSerializer()
    signature = serializers.CharField(help_text="`manage.py verify_receipt` verifies it")


class ImageLabelSerializer(LabelSerializer):
    id = serializers.UUIDField(help_text="the image's id")


class LabelsSerializer(serializers.Serializer[Any]):
    labels = serializers.ListField(child=ImageLabelSerializer(), min_length=1, max_length=1000)

    def validate_labels(self, labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
        by_id: dict[UUID, str] = {}
        for each in labels:
            if by_id.setdefault(each["id"], each["label"]) != each["label"]:
                raise serializers.ValidationError(
                    gettext("%(id)s has two labels. Send only one.") % {"id": each["id"]}
                )
        return labels


class LabelCountSerializer(serializers.Serializer[Any]):
    labelled = serializers.IntegerField(min_value=1, help_text="the number of images labelled")


class ExportSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[source.value for source in UPLOAD_SOURCES],
        required=False,
        help_text="how the picture was uploaded",
    )
    labelled_after = serializers.DateTimeField(required=False, help_text="later than this time")


class ImportedPictureSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(
        help_text="the file's name in the archive, or x[0], x[1], … in arrays"
    )
    label = serializers.ChoiceField(choices=KNOWN_LABELS)  # type: ignore[assignment]
    upload = serializers.UUIDField(allow_null=True, help_text="null if the picture was not stored")
    images = serializers.ListField(
        child=serializers.UUIDField(), help_text="the images that now have the label"
    )
    problem = ProblemSerializer(allow_null=True, help_text="why no image was labelled")


class ImportSerializer(serializers.Serializer[Any]):
    results = ImportedPictureSerializer(
        many=True, help_text="one for each picture, in the order of the archive"
    )


class CertificateSerializer(serializers.Serializer[Any]):
    """A statistical bound on the share of wrong answers, from calibration data."""

    claim = serializers.ChoiceField(choices=CLAIMS, help_text="the kind of answers it applies to")
    confidence = serializers.FloatField(help_text="the confidence level of the bound, 0 to 1")
    level = serializers.FloatField(help_text="the promised share of wrong answers, 0 to 1")
    threshold = serializers.FloatField(
        allow_null=True, help_text="the lowest confidence it applies to; null if it is not proved"
    )
    n = serializers.IntegerField(help_text="the number of writers with an accepted answer")
    errors = serializers.IntegerField(  # type: ignore[assignment]
        help_text="how many of them have a wrong one"
    )
    upper_bound = serializers.FloatField(
        help_text="the exact upper bound on the share of wrong answers"
    )
    set_digest = serializers.CharField(help_text="the sha256 of the calibration set")


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    certificates = CertificateSerializer(many=True, read_only=True)
    digest = serializers.CharField(
        source="checksum", read_only=True, help_text="sha256 of the folder's manifest"
    )

    class Meta:
        model = ModelVersion
        fields = [
            "name",
            "state",
            "metrics",
            "certificates",
            "configuration",
            "snapshot",
            "comparison",
            "digest",
            "signer",
            "created_at",
        ]


class ModelSummarySerializer(ModelVersionSerializer):
    """A model without the details of single images."""

    snapshot = serializers.JSONField(source="snapshot_summary", read_only=True)
    comparison = serializers.JSONField(source="comparison_summary", read_only=True)


class ReasonSerializer(serializers.Serializer[Any]):
    reason = StrictCharField(
        required=False, allow_blank=True, max_length=versions.MAX_REASON_LENGTH
    )


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    model = serializers.SlugRelatedField[ModelVersion](slug_field="name", read_only=True)
    since = serializers.DateTimeField(source="at", read_only=True)
    until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="null for the current champion"
    )
    by = serializers.CharField(
        source="by.username",
        default=None,
        read_only=True,
        allow_null=True,
        help_text="null if promoted by a command",
    )

    class Meta:
        model = Promotion
        fields = ["model", "since", "until", "by", "via", "reason"]


class RunRequestSerializer(serializers.Serializer[Any]):
    fine_tune = StrictBooleanField(
        default=True, help_text="true: start from the champion's weights; false: from scratch"
    )
    force = StrictBooleanField(default=False, help_text="train even if there are no new labels")


class TrainingRunSerializer(serializers.ModelSerializer[TrainingRun]):
    asked_by = serializers.SlugRelatedField[User](
        slug_field="username",
        read_only=True,
        allow_null=True,
        help_text="null if started by a command",
    )
    result = serializers.SlugRelatedField[ModelVersion](
        slug_field="name",
        read_only=True,
        allow_null=True,
        help_text="the model that the run produced",
    )

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "state",
            "fine_tune",
            "force",
            "stage",
            "progress",
            "log",
            "error",
            "result",
            "cancel_requested",
            "asked_by",
            "asked_at",
            "started_at",
            "finished_at",
        ]
