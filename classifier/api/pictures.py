"""Recognising pictures, for everybody."""

import base64
from typing import Any

from django.core.exceptions import TooManyFilesSent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.access.throttles import AddressThrottle, PreviewThrottle
from classifier.api import answers, idempotent
from classifier.models import Source
from classifier.recognition.imaging import ImageError
from classifier.recognition.imaging.errors import TAKEN
from classifier.uploads import deletion, previews, request_files, submission
from classifier.uploads.answers import Answer
from classifier.uploads.upload_batch import UploadBatch

PICTURE = {"type": "string", "format": "binary"}
ONE_PICTURE = {
    "multipart/form-data": {
        "type": "object",
        "properties": {request_files.FIELD: PICTURE},
        "required": [request_files.FIELD],
    },
    "image/*": OpenApiTypes.BINARY,
}
PICTURES = {
    "multipart/form-data": {
        "type": "object",
        "properties": {
            request_files.FIELD: {
                "type": "array",
                "items": PICTURE,
                "minItems": 1,
                "maxItems": request_files.MOST_FILES,
            }
        },
        "required": [request_files.FIELD],
    }
}


class FormParser(MultiPartParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except TooManyFilesSent as error:
            raise request_files.too_many_files() from error


class PictureParser(BaseParser):
    """Any other body is the picture itself, whatever type the client gives it."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read()


class OfAnybody(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes: tuple[type[BaseParser], ...] = (FormParser, PictureParser)
    throttle_classes: tuple[type[AddressThrottle], ...] = (AddressThrottle,)


class PredictView(OfAnybody):
    @extend_schema(
        operation_id="predict",
        tags=["recognise"],
        summary="Recognise the digits in a picture, and keep it",
        description=f"{TAKEN}: as the field `image`, or as the body.",
        parameters=idempotent.PARAMETERS,
        request=ONE_PICTURE,
        responses={200: answers.SentAnswerSerializer} | idempotent.FAULTS,
        examples=[OpenApiExample("a seven", answers.A_SEVEN, response_only=True)],
    )
    def post(self, request: Request) -> Response:
        picture = _picture(request)
        return idempotent.respond(
            request,
            [picture],
            lambda batch: answers.told(submission.classify(picture, Source.API, batch=batch)),
            _with_key,
        )


class PredictManyView(OfAnybody):
    parser_classes = (FormParser,)

    def pictures(self, request: Request) -> int:
        """For the throttle."""
        return len(request.FILES.getlist(request_files.FIELD))

    @extend_schema(
        operation_id="predict_many",
        tags=["recognise"],
        summary="Recognise the digits in several pictures, and keep them",
        description=(
            f"At most {request_files.MOST_FILES} files in the field `image`, together no larger "
            "than one may be. One that can't be read has a problem instead of an answer, which "
            "spoils none of the others. Each counts for the rate limit."
        ),
        parameters=idempotent.PARAMETERS,
        request=PICTURES,
        responses={200: answers.SentPicturesSerializer} | idempotent.FAULTS,
    )
    def post(self, request: Request) -> Response:
        names, pictures = request_files.each_from_files(request.FILES)

        def classified(batch: UploadBatch | None) -> list[dict[str, Any]]:
            found = submission.classify_each(pictures, Source.API, batch=batch)
            return [_result(name, each) for name, each in zip(names, found, strict=True)]

        parts = [*map(str.encode, names), *pictures]
        return idempotent.respond(request, parts, classified, _with_keys)


class PreviewView(OfAnybody):
    throttle_classes = (PreviewThrottle,)

    @extend_schema(
        operation_id="preview",
        tags=["recognise"],
        summary="Recognise the digits in a picture without keeping it",
        description="As often as somebody's pen moves: it has a rate limit of its own.",
        request=ONE_PICTURE,
        responses=answers.PreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        seen = previews.preview(_picture(request))
        digits = [
            vars(digit) | {"pixels": base64.b64encode(pixels).decode()}
            for digit, pixels in zip(seen.answer.digits, seen.pixels, strict=True)
        ]
        return Response(answers.told(seen.answer) | {"digits": digits})


def _picture(request: Request) -> bytes:
    if isinstance(request.data, bytes):
        return request_files.from_body(request.data)
    return request_files.from_files(request.FILES)


def _with_key(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"delete_key": deletion.key(answer["id"])}


def _result(name: str, found: Answer | ImageError) -> dict[str, Any]:
    if isinstance(found, ImageError):
        return {"name": name, "answer": None, "problem": answers.problem(found)}
    return {"name": name, "answer": answers.told(found), "problem": None}


def _with_keys(results: list[dict[str, Any]]) -> dict[str, Any]:
    for each in results:
        each["answer"] = each["answer"] and _with_key(each["answer"])
    return {"results": results}
