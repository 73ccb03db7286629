"""Uploaded digits and their labels, for staff."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api import serializers
from classifier.api.paging import KeysFirst
from classifier.api.permissions import StaffWithModelPermission
from classifier.models import UPLOADED, InputImage, InputImageQuerySet, Via
from classifier.services import labels
from classifier.vocabulary import LABELS


class ImageViewSet(
    mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[InputImage]
):
    """Uploaded digits, newest first."""

    permission_classes = (StaffWithModelPermission,)
    pagination_class = KeysFirst
    queryset = InputImage.objects.uploaded()
    serializer_class = serializers.ImageSerializer

    def get_queryset(self) -> QuerySet[InputImage]:
        images: InputImageQuerySet = InputImage.objects.uploaded().with_predictions()
        for field, known in (("label", LABELS), ("source", UPLOADED)):
            if wanted := self.request.query_params.get(field):
                images = images.filter(**{field: _one_of(field, wanted, known)})
        return images.order_by("-created_at", "-pk")

    @extend_schema(
        parameters=[
            OpenApiParameter("label", enum=LABELS),
            OpenApiParameter("source", enum=[source.value for source in UPLOADED]),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(
        summary="Set the label",
        request=serializers.LabelSerializer,
        responses={
            200: serializers.ImageSerializer,
            400: serializers.ProblemSerializer,
            404: serializers.ProblemSerializer,
        },
    )
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        image = self.get_object()
        wanted = serializers.LabelSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        label = wanted.validated_data["label"]
        try:
            labels.label(image.pk, label, by=cast(User, request.user), via=Via.API)
        except InputImage.DoesNotExist as error:
            raise NotFound(str(error)) from error
        return Response(self.get_serializer(self.get_object()).data)


def _one_of(field: str, wanted: str, known: Any) -> str:
    if wanted not in known:
        raise ValidationError({field: f"{wanted!r} is not one of {', '.join(known)}."})
    return wanted
