"""Model versions and their promotion, for staff."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.conditional import ConditionalView
from classifier.api.paging import HighestIdFirst
from classifier.api.permissions import CanPromote
from classifier.api.serializers import (
    ModelSummarySerializer,
    ModelVersionSerializer,
    ProblemSerializer,
    ReasonSerializer,
)
from classifier.models import ModelVersion, Via
from classifier.registry import versions

PROMOTION_RESPONSES = {200: ModelVersionSerializer, 400: ProblemSerializer, 409: ProblemSerializer}


@extend_schema_view(
    list=extend_schema(operation_id="list_models", summary="List models, newest first"),
    retrieve=extend_schema(operation_id="get_model", summary="Get one model"),
)
class ModelViewSet(
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    ConditionalView,
    viewsets.GenericViewSet[ModelVersion],
):
    """Registered models, newest first. The list omits the details of single images."""

    permission_classes = (CanPromote,)
    pagination_class = HighestIdFirst
    queryset = ModelVersion.objects.all()
    lookup_field = "name"
    lookup_value_regex = r"[^/\x00]+"

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return versions.list_versions() if self.action == "list" else ModelVersion.objects.all()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return ModelSummarySerializer if self.action == "list" else ModelVersionSerializer

    @extend_schema(
        operation_id="promote_model",
        summary="Promote a model to champion",
        request=ReasonSerializer,
        responses=PROMOTION_RESPONSES | {404: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, name: str) -> Response:
        get_object_or_404(ModelVersion.objects.only("pk"), name=name)
        version = versions.promote(name, **read_promotion(request))
        return Response(ModelVersionSerializer(version).data)


def read_promotion(request: Request) -> dict[str, Any]:
    """Return who promotes, through what and why."""
    body = ReasonSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    reason = body.validated_data.get("reason", "")
    return {"by": cast(User, request.user), "via": Via.API, "reason": reason}
