"""Models for staff: which there are, and promoting one."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.conditional import Conditional
from classifier.api.paging import NewestId
from classifier.api.permissions import StaffWhoPromote
from classifier.api.serializers import (
    ListedModelSerializer,
    ModelVersionSerializer,
    ProblemSerializer,
    ReasonSerializer,
)
from classifier.models import ModelVersion, Via
from classifier.registry import versions

CHANGED = {200: ModelVersionSerializer, 400: ProblemSerializer, 409: ProblemSerializer}


@extend_schema_view(
    list=extend_schema(operation_id="list_models", summary="Models, newest first"),
    retrieve=extend_schema(operation_id="get_model", summary="One model"),
)
class ModelViewSet(
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    Conditional,
    viewsets.GenericViewSet[ModelVersion],
):
    """Every model on record, newest first; in the list without what names each image."""

    permission_classes = (StaffWhoPromote,)
    pagination_class = NewestId
    queryset = ModelVersion.objects.all()
    lookup_field = "name"
    lookup_value_regex = r"[^/\x00]+"

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return versions.list_versions() if self.action == "list" else ModelVersion.objects.all()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return ListedModelSerializer if self.action == "list" else ModelVersionSerializer

    @extend_schema(
        operation_id="promote_model",
        summary="Make it the one that serves",
        request=ReasonSerializer,
        responses=CHANGED | {404: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, name: str) -> Response:
        get_object_or_404(ModelVersion.objects.only("pk"), name=name)
        return Response(served(versions.promote(name, **who_and_why(request))))


def who_and_why(request: Request) -> dict[str, Any]:
    why = ReasonSerializer(data=request.data)
    why.is_valid(raise_exception=True)
    by = cast(User, request.user)
    return {"by": by, "via": Via.API, "reason": why.validated_data.get("reason", "")}


def served(version: ModelVersion) -> Any:
    return ModelVersionSerializer(version).data
