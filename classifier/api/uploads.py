"""Uploads: their answers, their deletion, and visitors' suggestions."""

from typing import Any, NoReturn
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.answers import AnswerSerializer, serialize_answer
from classifier.api.conditional import ConditionalView
from classifier.api.permissions import StaffPermission
from classifier.api.problems import NO_IMAGE, NO_UPLOAD
from classifier.api.public import PublicView
from classifier.api.serializers import (
    DeletionSerializer,
    ReceiptSerializer,
    SuggestionSerializer,
    read_body,
)
from classifier.labelling import labels
from classifier.models import Upload
from classifier.recognition.labels import Scope
from classifier.registry import receipts
from classifier.uploads import answers, deletion

DELETE_KEY = "HTTP_DELETE_KEY"


class WrongKey(PermissionDenied):
    default_code = "wrong_delete_key"
    default_detail = gettext_lazy(
        "The Delete-Key is wrong. It is the `delete_key` in the upload's first answer."
    )


class MissingKey(NotAuthenticated):
    default_detail = gettext_lazy(
        "Send the `delete_key` of the upload's first answer in the header Delete-Key. Staff can "
        "send a token with the scope 'delete' instead."
    )


class UploadView(ConditionalView):
    not_found = NO_UPLOAD
    rules = {"DELETE": ("delete_upload", Scope.DELETE)}

    def get_authenticators(self) -> Any:
        return super().get_authenticators() if self._needs_staff() else []

    def get_permissions(self) -> list[BasePermission]:
        return [StaffPermission() if self._needs_staff() else AllowAny()]

    def _needs_staff(self) -> bool:
        request = self.request  # None while the schema is generated
        return request is not None and request.method == "DELETE" and DELETE_KEY not in request.META

    def permission_denied(
        self, request: Request, message: str | None = None, code: str | None = None
    ) -> NoReturn:
        if not request.successful_authenticator:
            raise MissingKey
        super().permission_denied(request, message, code)

    @extend_schema(
        operation_id="get_upload",
        tags=["uploads"],
        summary="Get the answer to an upload again",
        description="With the newest prediction of each digit.",
        responses=AnswerSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(serialize_answer(answers.load_answer(get_object_or_404(Upload, pk=pk))))

    @extend_schema(
        operation_id="delete_upload",
        tags=["uploads"],
        summary="Delete an upload and everything derived from it",
        description=(
            "Needs the Delete-Key or, for staff, the permission to delete uploads. A 202 means "
            "that the file could not be deleted yet; the site tries again by itself."
        ),
        auth=[{"token": ["delete"]}, {"cookieAuth": []}, {}],  # type: ignore[list-item]
        parameters=[
            OpenApiParameter(
                "Delete-Key",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="The `delete_key` in the first answer. Staff need none.",
            )
        ],
        responses={202: DeletionSerializer, 204: None},
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        key = request.META.get(DELETE_KEY)
        if key is not None and not deletion.is_deletion_key(pk, key):
            raise WrongKey
        deleted = deletion.delete_uploads([pk])
        if not deleted.uploads:
            raise NotFound
        if deleted.files_left:
            return Response(
                {"detail": gettext(deletion.FILES_LEFT_MESSAGE)}, status.HTTP_202_ACCEPTED
            )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReceiptView(PublicView):
    """Open like the answer itself: only its sender and staff know an upload's id."""

    @extend_schema(
        operation_id="get_receipt",
        tags=["uploads"],
        summary="Get the receipt of an upload's deletion",
        description=(
            "Signed by the site: which images were deleted, which models had been trained on "
            "them, and until when these served. Only labelled images have one, as no model is "
            "trained on others."
        ),
        responses=ReceiptSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(receipts.issue_receipt(pk))


class SuggestionsView(PublicView):
    not_found = NO_IMAGE

    @extend_schema(
        operation_id="suggest_label",
        tags=["images"],
        summary="Suggest the label of a digit",
        description="Staff see the suggestion. The label itself does not change.",
        request=SuggestionSerializer,
        responses={201: SuggestionSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        body = read_body(request, SuggestionSerializer)
        labels.record_suggestion(pk, body["label"])
        return Response(body, status.HTTP_201_CREATED)
