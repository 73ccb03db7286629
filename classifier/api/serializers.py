"""The API's JSON, as its OpenAPI schema describes it."""

import base64
from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from classifier.models import (
    REASONS,
    VERDICTS,
    InputImage,
    ModelVersion,
    Prediction,
    Promotion,
    TrainingRun,
    Via,
)
from classifier.services.versions import Reign
from classifier.vocabulary import LABELS


class ProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class JudgedSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reason = serializers.ChoiceField(choices=REASONS, allow_null=True)
    sentence = serializers.CharField(
        allow_null=True, help_text="the reason, to show to people; null if the verdict is digit"
    )


class DigitSerializer(JudgedSerializer):
    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="'0' to '9', or 'unknown' unless the verdict is digit"
    )
    best_guess = serializers.CharField(help_text="the nearest digit, whatever the verdict")
    confidence = serializers.FloatField(min_value=0, max_value=1)
    probabilities = serializers.DictField(child=serializers.FloatField(min_value=0, max_value=1))
    box = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        min_length=4,
        max_length=4,
        help_text="x, y, width, height in the upright picture's pixels",
    )


class AnswerSerializer(JudgedSerializer):
    id = serializers.UUIDField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="the digit or digits read, or 'unknown'"
    )
    best_guess = serializers.CharField(allow_null=True, help_text="null for a blank picture")
    confidence = serializers.FloatField(
        min_value=0, max_value=1, allow_null=True, help_text="the least of the digits'"
    )
    probabilities = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1),
        allow_null=True,
        help_text="null unless the picture holds exactly one digit",
    )
    digits = DigitSerializer(many=True, help_text="in reading order")
    model = serializers.CharField(allow_null=True)


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
    label = serializers.ChoiceField(choices=LABELS)  # type: ignore[assignment]


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    class Meta:
        model = ModelVersion
        fields = [
            "name",
            "state",
            "metrics",
            "configuration",
            "snapshot",
            "comparison",
            "created_at",
        ]


class ListedModelSerializer(ModelVersionSerializer):
    """Without what names each image."""

    snapshot = serializers.JSONField(source="learnt_from", read_only=True)
    comparison = serializers.JSONField(source="compared", read_only=True)


class ReasonSerializer(serializers.ModelSerializer[Promotion]):
    class Meta:
        model = Promotion
        fields = ["reason"]


class ReignSerializer(serializers.Serializer[Reign]):
    model = serializers.CharField(source="promotion.model.name")
    since = serializers.DateTimeField(source="promotion.at")
    until = serializers.DateTimeField(allow_null=True, help_text="null while it serves")
    by = serializers.CharField(
        source="promotion.by.username", default=None, allow_null=True, help_text="null for commands"
    )
    via = serializers.ChoiceField(source="promotion.via", choices=Via.choices)
    reason = serializers.CharField(source="promotion.reason")


class AskSerializer(serializers.Serializer[Any]):
    fine_tune = serializers.BooleanField(
        default=True, help_text="from the champion's weights; else from scratch"
    )
    force = serializers.BooleanField(default=False, help_text="even where there is nothing new")


class TrainingRunSerializer(serializers.ModelSerializer[TrainingRun]):
    asked_by = serializers.SlugRelatedField[User](slug_field="username", read_only=True)
    result = serializers.SlugRelatedField[ModelVersion](slug_field="name", read_only=True)

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
