"""Model versions, their promotions and the rollback, for staff."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.api.conditional import ConditionalView
from classifier.api.paging import HighestIdFirst
from classifier.api.serializers import (
    ModelSummarySerializer,
    ModelVersionSerializer,
    ProblemSerializer,
    PromotionSerializer,
    ReasonSerializer,
    read_body,
)
from classifier.models import ModelVersion, Promotion, Via
from classifier.recognition.labels import Scope
from classifier.registry import versions

PROMOTION_RESPONSES = {200: ModelVersionSerializer, 400: ProblemSerializer, 409: ProblemSerializer}


@extend_schema_view(
    list=extend_schema(operation_id="list_models", summary="List models, newest first"),
    retrieve=extend_schema(operation_id="get_model", summary="Get one model"),
)
class ModelViewSet(ConditionalView, viewsets.ReadOnlyModelViewSet[ModelVersion]):
    """Registered models, newest first. The list omits the details of single images."""

    not_found = gettext_noop("There is no model with this name. `GET /api/models` lists all.")
    rules = {
        "GET": ("view_modelversion", Scope.READ),
        "POST": ("promote_modelversion", Scope.PROMOTE),
    }
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
        version = versions.promote_model(name, **_read_promotion(request))
        return Response(ModelVersionSerializer(version).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="list_promotions",
        tags=["models"],
        summary="List which model served when, newest first",
    )
)
class PromotionsView(ConditionalView, generics.ListAPIView[Promotion]):
    rules = {"GET": ("view_modelversion", Scope.READ)}
    pagination_class = HighestIdFirst
    serializer_class = PromotionSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return versions.list_serving_periods()


class RollbackView(APIView):
    rules = {"POST": ("promote_modelversion", Scope.PROMOTE)}

    @extend_schema(
        operation_id="roll_back",
        tags=["models"],
        summary="Go back to the previous champion",
        request=ReasonSerializer,
        responses=PROMOTION_RESPONSES,
    )
    def post(self, request: Request) -> Response:
        version = versions.roll_back(**_read_promotion(request))
        return Response(ModelVersionSerializer(version).data)


def _read_promotion(request: Request) -> dict[str, Any]:
    """Return the user, the channel and the reason of a promotion."""
    reason = read_body(request, ReasonSerializer).get("reason", "")
    return {"by": cast(User, request.user), "via": Via.API, "reason": reason}
