"""Many labels at once: setting them, taking them out, bringing them in; for staff."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any, cast

from django.contrib.auth.models import User
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.api import answers, idempotent
from classifier.api.permissions import StaffWhoExport, StaffWhoImport, StaffWhoLabel
from classifier.api.pictures import FormParser, PictureParser
from classifier.api.serializers import (
    ExportSerializer,
    ImportSerializer,
    LabelledCountSerializer,
    LabelsSerializer,
    ProblemSerializer,
)
from classifier.labelling import exports, imports, labels
from classifier.models import InputImage, Via
from classifier.uploads import archives, request_files
from classifier.uploads.upload_batch import UploadBatch

TWO_IMAGES = {
    "labels": [
        {"id": "3f0c6f0e-8d1b-4f5e-9a53-0d4f6f0a7c11", "label": "7"},
        {"id": "b1d2a6c4-52f7-4c55-8f0c-6f4f4e3f2a90", "label": "not_a_digit"},
    ]
}
ARCHIVE = {"type": "string", "format": "binary"}
Write = Callable[[Iterator[Any], IO[bytes]], None]


class LabelsView(APIView):
    permission_classes = (StaffWhoLabel,)
    queryset = InputImage.objects.uploaded()

    @extend_schema(
        operation_id="set_labels",
        tags=["labels"],
        summary="Set the labels of many images, all or none",
        description="An image may have 'unknown' as well: that takes its label back.",
        request=LabelsSerializer,
        examples=[OpenApiExample("two images", TWO_IMAGES, request_only=True)],
        responses={200: LabelledCountSerializer, 404: ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = LabelsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = {each["id"]: each["label"] for each in asked.validated_data["labels"]}
        try:
            labels.apply_labels(wanted, by=cast(User, request.user), via=Via.API)
        except InputImage.DoesNotExist as error:
            raise NotFound(str(error)) from error
        return Response({"labelled": len(wanted)})


class AsItComes(BaseContentNegotiation):
    """An archive is sent whatever types the client says that it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers))

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ExportView(APIView):
    permission_classes = (StaffWhoExport,)
    content_negotiation_class = AsItComes
    queryset = InputImage.objects.uploaded()

    def sent(self, request: Request, write: Write, suffix: str) -> FileResponse:
        asked = ExportSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        images = exports.list_labelled(wanted.get("source"), wanted.get("labelled_after"))
        file = TemporaryFile()  # noqa: SIM115 - gone once the response has closed it
        write(images, file)
        file.seek(0)
        name = f"labels-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{suffix}"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


class NpzView(ExportView):
    @extend_schema(
        operation_id="export_npz",
        tags=["labels"],
        summary="Labelled uploads as arrays",
        description=(
            "NumPy's npz: `x` (N×28×28 uint8, ink = 255), `y` (N uint8: 0 to 9, 10 for not a "
            "digit), `ids` (of the images), `labelled_at` (UTC), in the order of labelling."
        ),
        parameters=[ExportSerializer],
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 400: ProblemSerializer},
    )
    def get(self, request: Request) -> FileResponse:
        return self.sent(request, exports.write_npz, "npz")


class ZipView(ExportView):
    @extend_schema(
        operation_id="export_zip",
        tags=["labels"],
        summary="Labelled uploads as pictures",
        description=(
            "PNGs of 28×28, dark on light, in the folders 0 to 9 and not_a_digit, and index.csv."
        ),
        parameters=[ExportSerializer],
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 400: ProblemSerializer},
    )
    def get(self, request: Request) -> FileResponse:
        return self.sent(request, exports.write_zip, "zip")


class ImportView(APIView):
    permission_classes = (StaffWhoImport,)
    parser_classes = (FormParser, PictureParser)
    queryset = InputImage.objects.uploaded()

    @extend_schema(
        operation_id="import_labelled",
        tags=["labels"],
        summary="Keep labelled pictures from elsewhere",
        description=(
            f"At most {archives.MOST_PICTURES} pictures, as the field `{request_files.ARCHIVE}` or "
            "as the body: a zip file with the folders 0 to 9 and not_a_digit, or an npz with `x` "
            "(N×H×W uint8, ink bright) and `y` (N integers, 10 for not a digit). Each is kept as "
            "an upload and, where it holds exactly one digit, labelled; of what is not a digit all "
            "pieces are. One that is there already is not kept twice. All of it is done or, where "
            "the answer is an error, nothing."
        ),
        parameters=idempotent.PARAMETERS,
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {request_files.ARCHIVE: ARCHIVE},
                "required": [request_files.ARCHIVE],
            },
            "application/zip": OpenApiTypes.BINARY,
        },
        responses={200: ImportSerializer} | idempotent.FAULTS,
    )
    def post(self, request: Request) -> Response:
        archive = _archive(request)
        by = cast(User, request.user)

        def kept(batch: UploadBatch | None) -> dict[str, Any]:
            found = imports.import_pictures(archives.labelled(archive), by, batch)
            return {"results": [*map(_result, found)]}

        return idempotent.respond(request, [archive], kept)


def _archive(request: Request) -> bytes:
    if isinstance(request.data, bytes):
        return request_files.within_limit(request.data)
    return request_files.archive_from_files(request.FILES)


def _result(imported: imports.ImportResult) -> dict[str, Any]:
    told = {name: getattr(imported, name) for name in ("name", "label", "upload", "images")}
    return told | {"problem": answers.problem(imported.fault) if imported.fault else None}
