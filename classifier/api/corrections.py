"""Visitors' corrections of whole pictures, and previews of their boxes."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.access.throttles import PreviewThrottle
from classifier.api.answers import BoxField, PreviewDigitSerializer, serialize_preview_digit
from classifier.api.problems import NO_UPLOAD
from classifier.api.public import PublicView
from classifier.api.serializers import read_body
from classifier.api.strict_fields import StrictCharField
from classifier.labelling import corrections
from classifier.models import Upload
from classifier.recognition.labels import KNOWN_LABELS


class BoxesField(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=BoxField(), min_length=1, max_length=corrections.MAX_DIGITS, **kwargs
        )


class BoxesSerializer(serializers.Serializer[Any]):
    boxes = BoxesField()


class BoxReadingsSerializer(serializers.Serializer[Any]):
    digits = serializers.ListField(
        child=PreviewDigitSerializer(allow_null=True),
        help_text="one for each box, in the same order; null for a box without writing",
    )


class CorrectionRequestSerializer(serializers.Serializer[Any]):
    text = StrictCharField(
        max_length=corrections.MAX_DIGITS, help_text="the digits in reading order, like 1572"
    )
    boxes = BoxesField(
        required=False, help_text="a box for each digit; without them, those of the answer"
    )


class CorrectedDigitSerializer(serializers.Serializer[Any]):
    image = serializers.UUIDField(help_text="the image's id")
    label = serializers.ChoiceField(choices=KNOWN_LABELS)  # type: ignore[assignment]
    box = BoxField()


class CorrectionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="the digits in reading order")
    digits = CorrectedDigitSerializer(many=True, help_text="in reading order")


class CorrectionsView(PublicView):
    not_found = NO_UPLOAD

    @extend_schema(
        operation_id="correct_upload",
        tags=["uploads"],
        summary="Suggest all digits of an upload, with their boxes",
        description="Staff see the suggestion. No label changes until they accept it.",
        request=CorrectionRequestSerializer,
        responses={201: CorrectionSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        body = read_body(request, CorrectionRequestSerializer)
        correction = corrections.record_correction(pk, body["text"], body.get("boxes"))
        digits = [
            {"image": digit.image_id, "label": digit.label, "box": digit.box}
            for digit in corrections.list_digits(correction)
        ]
        return Response({"text": correction.text, "digits": digits}, status.HTTP_201_CREATED)


class BoxPreviewView(PublicView):
    not_found = NO_UPLOAD
    throttle_classes = (PreviewThrottle,)

    @extend_schema(
        operation_id="preview_boxes",
        tags=["uploads"],
        summary="Recognise a digit in each of these boxes of an upload, without storing it",
        description="Meant for live answers while somebody corrects the boxes.",
        request=BoxesSerializer,
        responses={200: BoxReadingsSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        upload = get_object_or_404(Upload, pk=pk)
        boxes = read_body(request, BoxesSerializer)["boxes"]
        digits = [
            each and serialize_preview_digit(*each)
            for each in corrections.preview_boxes(upload, boxes)
        ]
        return Response({"digits": digits})
