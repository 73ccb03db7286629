"""The API's JSON, as its OpenAPI schema describes it."""

import base64
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework import serializers

from classifier.api import exact
from classifier.models import (
    UPLOADED,
    InputImage,
    ModelVersion,
    Prediction,
    Promotion,
    TrainingRun,
)
from classifier.recognition.labels import CLAIMS, KNOWN_LABELS, LABELS
from classifier.registry import versions


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField(help_text="about:blank: the status says it")
    title = serializers.CharField(help_text="the status in words")
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(help_text="a sentence for people: what was wrong, what to do")
    code = serializers.CharField(help_text="what was wrong, for programs; it never changes")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="by field, for input that is not valid",
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
    pixels = serializers.SerializerMethodField(help_text="784 bytes, row-major, ink = 255, base64")
    prediction = PredictionSerializer(source="current_prediction", read_only=True, allow_null=True)

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
    label = exact.Choice(choices=LABELS)  # type: ignore[assignment]


class SuggestionSerializer(serializers.Serializer[Any]):
    label = exact.Choice(choices=KNOWN_LABELS)  # type: ignore[assignment]


class DeletionSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="a sentence for people: what is left to be deleted")


class LabelledSerializer(LabelSerializer):
    id = serializers.UUIDField(help_text="of the image")


class LabelsSerializer(serializers.Serializer[Any]):
    labels = serializers.ListField(child=LabelledSerializer(), min_length=1, max_length=1000)

    def validate_labels(self, labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
        wanted: dict[UUID, str] = {}
        for each in labels:
            if wanted.setdefault(each["id"], each["label"]) != each["label"]:
                raise serializers.ValidationError(f"{each['id']} has two labels. Send one.")
        return labels


class LabelledCountSerializer(serializers.Serializer[Any]):
    labelled = serializers.IntegerField(min_value=1, help_text="how many images have them now")


class ExportSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[source.value for source in UPLOADED],
        required=False,
        help_text="through what they were sent",
    )
    labelled_after = serializers.DateTimeField(required=False, help_text="that moment not included")


class ImportedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="in the archive; of arrays x[0], x[1] and so on")
    label = serializers.ChoiceField(choices=KNOWN_LABELS)  # type: ignore[assignment]
    upload = serializers.UUIDField(allow_null=True, help_text="null if the picture is not kept")
    images = serializers.ListField(
        child=serializers.UUIDField(), help_text="that have the label now"
    )
    problem = ProblemSerializer(allow_null=True, help_text="why nothing was labelled")


class ImportSerializer(serializers.Serializer[Any]):
    results = ImportedSerializer(many=True, help_text="in the order of the archive")


class CertificateSerializer(serializers.Serializer[Any]):
    """A bound on the share of wrong answers, proved on calibration data."""

    claim = serializers.ChoiceField(choices=CLAIMS, help_text="the answers that it bounds")
    confidence = serializers.FloatField(help_text="of the bound, 0 to 1")
    level = serializers.FloatField(help_text="at most this share is wrong, 0 to 1")
    threshold = serializers.FloatField(
        allow_null=True, help_text="the least confidence that it holds for; null if it isn't proved"
    )
    n = serializers.IntegerField(help_text="writers with an accepted answer")
    errors = serializers.IntegerField(  # type: ignore[assignment]
        help_text="of these, those with a wrong one"
    )
    upper_bound = serializers.FloatField(help_text="exact upper bound of the share that is wrong")
    set_digest = serializers.CharField(help_text="sha256 of the calibration set")


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    certificates = CertificateSerializer(many=True, read_only=True)

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
            "created_at",
        ]


class ListedModelSerializer(ModelVersionSerializer):
    """Without what names each image."""

    snapshot = serializers.JSONField(source="snapshot_summary", read_only=True)
    comparison = serializers.JSONField(source="comparison_summary", read_only=True)


class ReasonSerializer(serializers.Serializer[Any]):
    reason = exact.Text(required=False, allow_blank=True, max_length=versions.MAX_REASON_LENGTH)


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    model = serializers.SlugRelatedField[ModelVersion](slug_field="name", read_only=True)
    since = serializers.DateTimeField(source="at", read_only=True)
    until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="null while it serves"
    )
    by = serializers.CharField(
        source="by.username",
        default=None,
        read_only=True,
        allow_null=True,
        help_text="null for commands",
    )

    class Meta:
        model = Promotion
        fields = ["model", "since", "until", "by", "via", "reason"]


class AskSerializer(serializers.Serializer[Any]):
    fine_tune = exact.Boolean(
        default=True, help_text="from the champion's weights; else from scratch"
    )
    force = exact.Boolean(default=False, help_text="even where there is nothing new")


class TrainingRunSerializer(serializers.ModelSerializer[TrainingRun]):
    asked_by = serializers.SlugRelatedField[User](
        slug_field="username", read_only=True, allow_null=True, help_text="null for commands"
    )
    result = serializers.SlugRelatedField[ModelVersion](
        slug_field="name", read_only=True, allow_null=True, help_text="the model that came of it"
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
