"""Uploaded digits and their labels, for staff."""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api import serializers
from classifier.api.conditional import ConditionalView, check_unchanged
from classifier.api.filters import ImageFilter, filter_uploaded_images
from classifier.api.problems import NO_IMAGE
from classifier.labelling import labels
from classifier.models import InputImage, Via
from classifier.recognition.labels import Scope


@extend_schema_view(
    list=extend_schema(
        operation_id="list_images",
        summary="List uploaded digits, newest first",
        parameters=[ImageFilter],
    ),
    retrieve=extend_schema(operation_id="get_image", summary="Get one digit"),
)
class ImageViewSet(ConditionalView, viewsets.ReadOnlyModelViewSet[InputImage]):
    """Uploaded digits, newest first."""

    not_found = NO_IMAGE
    rules = {
        "GET": ("view_inputimage", Scope.READ),
        "PATCH": ("label_inputimage", Scope.LABEL),
    }
    queryset = InputImage.objects.uploaded()
    serializer_class = serializers.ImageSerializer

    def get_queryset(self) -> QuerySet[InputImage]:
        params = self.request.query_params.dict() if self.action == "list" else {}
        return filter_uploaded_images(params).with_predictions()

    @extend_schema(
        operation_id="label_image",
        summary="Set the label of a digit",
        request=serializers.LabelSerializer,
        responses=serializers.ImageSerializer,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        image = self.get_object()
        label = serializers.read_body(request, serializers.LabelSerializer)["label"]
        self._set_label(request, image.pk, label)
        return Response(self._read_data())

    @transaction.atomic
    def _set_label(self, request: Request, image_id: UUID, label: str) -> None:
        InputImage.objects.select_for_update(no_key=True).only("pk").get(pk=image_id)
        check_unchanged(request, self._read_data)
        labels.set_label(image_id, label, by=cast(User, request.user), via=Via.API)

    def _read_data(self) -> Any:
        return self.get_serializer(self.get_object()).data
