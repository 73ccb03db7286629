"""Recognition of pictures, open to everybody."""

from typing import Any

from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotAcceptable, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from classifier.access.throttles import PreviewThrottle
from classifier.api.answers import (
    EXAMPLE,
    PictureResultsSerializer,
    PreviewSerializer,
    StoredAnswerSerializer,
    build_response,
    serialize_answer,
    serialize_preview_digit,
)
from classifier.api.errors import build_picture_problem, handle_error
from classifier.api.idempotency import ERROR_RESPONSES, PARAMETERS, respond_once
from classifier.api.parsers import FileParser, FormParser
from classifier.api.public import PublicView
from classifier.models import Source
from classifier.recognition.imaging import ImageError
from classifier.recognition.imaging.errors import FORMATS
from classifier.uploads import deletion, request_files, submission
from classifier.uploads.answers import Answer
from classifier.uploads.upload_batch import UploadBatch

FILE = {"type": "string", "format": "binary"}
FILES = {"type": "array", "items": FILE, "minItems": 1, "maxItems": request_files.MAX_FILES}


def _describe_form(field: dict[str, Any]) -> dict[str, Any]:
    name = request_files.FIELD
    return {"type": "object", "properties": {name: field}, "required": [name]}


ONE_PICTURE = {"multipart/form-data": _describe_form(FILE), "image/*": OpenApiTypes.BINARY}


class PictureView(PublicView):
    """A view that handles POST without REST framework, which documents it and does the rest.

    Its request, parsers and renderers would take an eighth of the time of a small picture.
    """

    parser_classes: tuple[type[BaseParser], ...] = (FormParser, FileParser)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        try:
            if not request.accepts("application/json"):
                raise NotAcceptable
            self.check_throttles(request)  # type: ignore[arg-type]
            return self.post(request)
        except Exception as error:
            if response := handle_error(error, {"view": self}):
                return response
            raise

    def post(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedError


class PredictView(PictureView):
    @extend_schema(
        operation_id="predict",
        tags=["recognise"],
        summary="Recognise the digits in a picture, and store it",
        description=f"{FORMATS}, as the field `image` or as the body.",
        parameters=PARAMETERS,
        request=ONE_PICTURE,
        responses={200: StoredAnswerSerializer} | ERROR_RESPONSES,
        examples=[OpenApiExample("a seven", EXAMPLE, response_only=True)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        picture = _read_picture(request)
        return respond_once(
            request,
            [picture],
            lambda batch: serialize_answer(
                submission.classify_picture(picture, Source.API, batch=batch)
            ),
            _add_delete_key,
        )


class PredictManyView(PictureView):
    parser_classes = (FormParser,)

    def count_pictures(self, request: HttpRequest) -> int:
        """Return how many pictures the throttle counts."""
        return len(_parse_form(request).getlist(request_files.FIELD))

    @extend_schema(
        operation_id="predict_many",
        tags=["recognise"],
        summary="Recognise the digits in several pictures, and store them",
        description=(
            f"Up to {request_files.MAX_FILES} files in the field `image`, together no larger "
            "than the limit for one. A picture that can't be read gets a problem instead of an "
            "answer; the others are not affected. Each picture counts towards the rate limit."
        ),
        parameters=PARAMETERS,
        request={"multipart/form-data": _describe_form(FILES)},
        responses={200: PictureResultsSerializer} | ERROR_RESPONSES,
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        names, pictures = request_files.read_files(_parse_form(request))

        def classify(batch: UploadBatch | None) -> list[dict[str, Any]]:
            results = submission.classify_pictures(pictures, Source.API, batch=batch)
            return [_serialize_result(*each) for each in zip(names, results, strict=True)]

        def finish(results: list[dict[str, Any]]) -> dict[str, Any]:
            for result in results:
                result["answer"] = result["answer"] and _add_delete_key(result["answer"])
            return {"results": results}

        return respond_once(request, [*map(str.encode, names), *pictures], classify, finish)


class PreviewView(PictureView):
    throttle_classes = (PreviewThrottle,)

    @extend_schema(
        operation_id="preview",
        tags=["recognise"],
        summary="Recognise the digits in a picture without storing it",
        description="Meant for live answers while somebody draws. It has its own rate limit.",
        request=ONE_PICTURE,
        responses=PreviewSerializer,
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        answer, inputs = submission.preview_picture(_read_picture(request))
        digits = [*map(serialize_preview_digit, answer.digits, inputs)]
        return build_response(serialize_answer(answer) | {"digits": digits})


def _read_picture(request: HttpRequest) -> bytes:
    if request.content_type == FormParser.media_type:
        return request_files.read_file(_parse_form(request))
    return request_files.read_body(request.read()) or request_files.read_file(MultiValueDict())


def _parse_form(request: HttpRequest) -> MultiValueDict[str, Any]:
    """Return the files of a form. Raise UnsupportedMediaType, ParseError or ImageError."""
    if request.content_type != FormParser.media_type:
        raise UnsupportedMediaType(request.content_type or "")
    try:
        return request.FILES
    except MultiPartParserError as error:
        raise ParseError(f"Multipart form parse error - {error}") from error
    except TooManyFilesSent as error:
        raise request_files.build_too_many_files_error() from error


def _serialize_result(name: str, result: Answer | ImageError) -> dict[str, Any]:
    if isinstance(result, ImageError):
        return {"name": name, "answer": None, "problem": build_picture_problem(result).to_json()}
    return {"name": name, "answer": serialize_answer(result), "problem": None}


def _add_delete_key(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"delete_key": deletion.make_deletion_key(answer["id"])}
