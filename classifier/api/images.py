"""Uploaded digits and their labels, for staff."""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api import serializers
from classifier.api.conditional import Conditional, check_unchanged
from classifier.api.filters import ImageFilter, chosen
from classifier.api.permissions import StaffWithModelPermission
from classifier.labelling import labels
from classifier.models import InputImage, Via


@extend_schema_view(
    list=extend_schema(
        operation_id="list_images",
        summary="Uploaded digits, newest first",
        parameters=[ImageFilter],
    ),
    retrieve=extend_schema(operation_id="get_image", summary="One digit"),
)
class ImageViewSet(
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    Conditional,
    viewsets.GenericViewSet[InputImage],
):
    """Uploaded digits, newest first."""

    permission_classes = (StaffWithModelPermission,)
    queryset = InputImage.objects.uploaded()
    serializer_class = serializers.ImageSerializer

    def get_queryset(self) -> QuerySet[InputImage]:
        asked = self.request.query_params.dict() if self.action == "list" else {}
        return chosen(asked).with_predictions()

    @extend_schema(
        operation_id="label_image",
        summary="Set the label",
        request=serializers.LabelSerializer,
        responses=serializers.ImageSerializer,
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        image = self.get_object()
        wanted = serializers.LabelSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            self._label(request, image.pk, wanted.validated_data["label"])
        except InputImage.DoesNotExist as error:
            raise Http404 from error
        return Response(self._data())

    @transaction.atomic
    def _label(self, request: Request, image_id: UUID, label: str) -> None:
        InputImage.objects.select_for_update(no_key=True).only("pk").get(pk=image_id)
        check_unchanged(request, self._data)
        labels.set_label(image_id, label, by=cast(User, request.user), via=Via.API)

    def _data(self) -> Any:
        return self.get_serializer(self.get_object()).data
