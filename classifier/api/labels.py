"""Labels in bulk, for staff: set, export and import them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any, cast

from django.contrib.auth.models import User
from django.http import FileResponse, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.api.errors import build_picture_problem
from classifier.api.idempotency import ERROR_RESPONSES, PARAMETERS, respond_once
from classifier.api.parsers import FileParser, FormParser
from classifier.api.serializers import (
    ExportSerializer,
    ImportSerializer,
    LabelCountSerializer,
    LabelsSerializer,
    ProblemSerializer,
    read_body,
)
from classifier.labelling import exports, imports, labels
from classifier.models import InputImage, Via
from classifier.recognition.labels import Scope
from classifier.uploads import archives, request_files
from classifier.uploads.upload_batch import UploadBatch

TWO_IMAGES = {
    "labels": [
        {"id": "3f0c6f0e-8d1b-4f5e-9a53-0d4f6f0a7c11", "label": "7"},
        {"id": "b1d2a6c4-52f7-4c55-8f0c-6f4f4e3f2a90", "label": "not_a_digit"},
    ]
}
ARCHIVE_FORM = {
    "type": "object",
    "properties": {request_files.ARCHIVE: {"type": "string", "format": "binary"}},
    "required": [request_files.ARCHIVE],
}
EXPORT_RESPONSES: dict[Any, Any] = {
    (200, "application/zip"): OpenApiTypes.BINARY,
    400: ProblemSerializer,
}


class LabelsView(APIView):
    rules = {"POST": ("label_inputimage", Scope.LABEL)}

    @extend_schema(
        operation_id="set_labels",
        tags=["labels"],
        summary="Set the labels of many images, all or none",
        description="The label 'unknown' removes an image's label.",
        request=LabelsSerializer,
        examples=[OpenApiExample("two images", TWO_IMAGES, request_only=True)],
        responses={200: LabelCountSerializer, 404: ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, LabelsSerializer)
        new_labels = {each["id"]: each["label"] for each in body["labels"]}
        try:
            labels.apply_labels(new_labels, by=cast(User, request.user), via=Via.API)
        except InputImage.DoesNotExist as error:
            raise NotFound(str(error)) from error
        return Response({"labelled": len(new_labels)})


class IgnoreAcceptHeader(BaseContentNegotiation):
    """Negotiation for archives, which have one media type only."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers))

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ExportView(APIView):
    rules = {"GET": ("view_inputimage", Scope.EXPORT)}
    content_negotiation_class = IgnoreAcceptHeader

    def respond(
        self, request: Request, write: Callable[[Iterator[Any], IO[bytes]], None], suffix: str
    ) -> FileResponse:
        query = ExportSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        values = query.validated_data
        images = exports.list_labelled(values.get("source"), values.get("labelled_after"))
        file = TemporaryFile()  # noqa: SIM115 - the response closes and so deletes it
        write(images, file)
        file.seek(0)
        name = f"labels-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{suffix}"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


class NpzView(ExportView):
    @extend_schema(
        operation_id="export_npz",
        tags=["labels"],
        summary="Export labelled uploads as arrays",
        description=(
            "A NumPy npz file with `x` (N×28×28 uint8, ink = 255), `y` (N uint8: 0 to 9, 10 for "
            "not a digit), `ids` (of the images) and `labelled_at` (UTC), in the order of "
            "labelling."
        ),
        parameters=[ExportSerializer],
        responses=EXPORT_RESPONSES,
    )
    def get(self, request: Request) -> FileResponse:
        return self.respond(request, exports.write_npz, "npz")


class ZipView(ExportView):
    @extend_schema(
        operation_id="export_zip",
        tags=["labels"],
        summary="Export labelled uploads as pictures",
        description=(
            "A zip file with a folder for each label, 0 to 9 and not_a_digit, of 28×28 PNGs, dark "
            "on light, and an index.csv."
        ),
        parameters=[ExportSerializer],
        responses=EXPORT_RESPONSES,
    )
    def get(self, request: Request) -> FileResponse:
        return self.respond(request, exports.write_zip, "zip")


class ImportView(APIView):
    rules = {"POST": ("label_inputimage", Scope.IMPORT)}
    parser_classes = (FormParser, FileParser)

    @extend_schema(
        operation_id="import_labelled",
        tags=["labels"],
        summary="Import labelled pictures",
        description=(
            f"Up to {archives.MAX_PICTURES} pictures, as the field `{request_files.ARCHIVE}` or "
            "as the body: a zip file with the folders 0 to 9 and not_a_digit, or an npz file with "
            "`x` (N×H×W uint8, ink bright) and `y` (N integers, 10 for not a digit). Each picture "
            "is stored as an upload unless it already exists. It is labelled if it contains "
            "exactly one digit; if it is not a digit, every part found in it is. An error leaves "
            "everything as it was."
        ),
        parameters=PARAMETERS,
        request={"multipart/form-data": ARCHIVE_FORM, "application/zip": OpenApiTypes.BINARY},
        responses={200: ImportSerializer} | ERROR_RESPONSES,
    )
    def post(self, request: Request) -> HttpResponse:
        if isinstance(request.data, bytes):
            archive = request_files.check_size(request.data)
        else:
            archive = request_files.read_archive(request.FILES)

        def import_archive(batch: UploadBatch | None) -> dict[str, Any]:
            by = cast(User, request.user)
            imported = imports.import_pictures(archives.read_pictures(archive), by, batch)
            return {"results": [_serialize_imported(each) for each in imported]}

        return respond_once(request, [archive], import_archive)


def _serialize_imported(imported: imports.ImportResult) -> dict[str, Any]:
    return {
        "name": imported.name,
        "label": imported.label,
        "upload": imported.upload,
        "images": imported.images,
        "problem": build_picture_problem(imported.fault).to_json() if imported.fault else None,
    }
