"""Recognising pictures, for everybody."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier import intake
from classifier.api import serializers
from classifier.models import Source
from classifier.services import uploads
from classifier.throttles import PerAddress

ERRORS = {
    400: serializers.ProblemSerializer,
    413: serializers.ProblemSerializer,
    415: serializers.ProblemSerializer,
    429: serializers.ProblemSerializer,
    503: serializers.ProblemSerializer,
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
