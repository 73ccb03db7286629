"""What was sent: its answer, deleting it, and what somebody says that its digits are."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.access.throttles import AddressThrottle
from classifier.api.answers import AnswerSerializer, told
from classifier.api.conditional import Conditional
from classifier.api.permissions import StaffWhoDelete
from classifier.api.serializers import DeletionSerializer, SuggestionSerializer
from classifier.labelling import labels
from classifier.models import InputImage, Upload
from classifier.uploads import answers, deletion

DELETE_KEY = "HTTP_DELETE_KEY"


class WrongKey(PermissionDenied):
    default_code = "wrong_delete_key"
    default_detail = "This is not the upload's Delete-Key. Its sender was told it with the answer."


class UploadView(Conditional):
    queryset = Upload.objects.all()

    def get_authenticators(self) -> Any:
        return super().get_authenticators() if self._is_for_staff() else []

    def get_permissions(self) -> list[BasePermission]:
        return [StaffWhoDelete() if self._is_for_staff() else AllowAny()]

    def _is_for_staff(self) -> bool:
        """Who has the key needs to be nobody. While the schema is made there is no request."""
        asked = self.request
        return asked is not None and asked.method == "DELETE" and DELETE_KEY not in asked.META

    @extend_schema(
        operation_id="get_upload",
        tags=["uploads"],
        summary="What was read in a picture that was sent",
        description="By the newest reading of each of its digits.",
        responses=AnswerSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(told(answers.of_upload(get_object_or_404(Upload, pk=pk))))

    @extend_schema(
        operation_id="delete_upload",
        tags=["uploads"],
        summary="Delete a picture that was sent, with all that came of it",
        description=(
            "By whoever sent it, with its Delete-Key, or by staff. 202 if it is deleted but for "
            "its file, which can't be deleted right now; that is tried again."
        ),
        auth=[{"token": ["delete"]}, {"cookieAuth": []}, {}],  # type: ignore[list-item]
        parameters=[
            OpenApiParameter(
                "Delete-Key",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="`delete_key` in the answer when it was sent; staff need none",
            )
        ],
        responses={202: DeletionSerializer, 204: None},
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        key = request.META.get(DELETE_KEY)
        if key is not None and not deletion.is_key(pk, key):
            raise WrongKey
        deleted = deletion.delete([pk])
        if not deleted.uploads:
            raise NotFound
        if deleted.files_left:
            return Response({"detail": gettext(deletion.FILES_LEFT)}, status.HTTP_202_ACCEPTED)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SuggestionsView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AddressThrottle,)
    queryset = InputImage.objects.uploaded()

    @extend_schema(
        operation_id="suggest_label",
        tags=["images"],
        summary="Say what a digit in a picture is",
        description="It is shown to staff, and changes no label.",
        request=SuggestionSerializer,
        responses={201: SuggestionSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        asked = SuggestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            labels.record_suggestion(pk, asked.validated_data["label"])
        except InputImage.DoesNotExist as error:
            raise NotFound from error
        return Response(asked.data, status.HTTP_201_CREATED)
