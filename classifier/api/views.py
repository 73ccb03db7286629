"""The API's views of pictures: predicting for everybody, images and labels for staff."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier import intake
from classifier.api import serializers
from classifier.api.paging import KeysFirst
from classifier.api.permissions import StaffWithModelPermission
from classifier.models import (
    UPLOADED,
    InputImage,
    InputImageQuerySet,
    Source,
    Via,
)
from classifier.services import labels, uploads
from classifier.throttles import PerAddress
from classifier.vocabulary import LABELS

ERRORS = {
    400: serializers.ErrorSerializer,
    413: serializers.ErrorSerializer,
    415: serializers.ErrorSerializer,
    429: serializers.ErrorSerializer,
    503: serializers.ErrorSerializer,
}
MULTIPART = {
    "type": "object",
    "properties": {intake.FIELD: {"type": "string", "format": "binary"}},
    "required": [intake.FIELD],
}


class PictureParser(BaseParser):
    """Any other body is the picture itself, whatever type the client gives it."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read()


class PredictView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (MultiPartParser, PictureParser)
    throttle_classes = (PerAddress,)

    @extend_schema(
        summary="Recognise the digits in a picture",
        description="JPEG, PNG, WebP, GIF, BMP or TIFF: as the field `image`, or as the body.",
        request={"multipart/form-data": MULTIPART, "image/*": OpenApiTypes.BINARY},
        responses={200: serializers.AnswerSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        answer = uploads.classify(_picture(request), Source.API)
        return Response(vars(answer) | {"digits": [vars(digit) for digit in answer.digits]})


def _picture(request: Request) -> bytes:
    if isinstance(request.data, bytes):
        return intake.from_body(request.data)
    return intake.from_files(request.FILES)


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
            400: serializers.ErrorSerializer,
            404: serializers.ErrorSerializer,
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
