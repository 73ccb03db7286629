"""Models for staff: which there are, what was live when, promoting and rolling back."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.permissions import StaffWhoPromote
from classifier.api.serializers import (
    ListedModelSerializer,
    ModelVersionSerializer,
    ProblemSerializer,
    ReasonSerializer,
    ReignSerializer,
)
from classifier.models import ModelVersion, Via
from classifier.services import versions

CHANGED = {200: ModelVersionSerializer, 400: ProblemSerializer, 409: ProblemSerializer}


class ModelViewSet(
    mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[ModelVersion]
):
    """Every model on record, newest first; in the list without what names each image."""

    permission_classes = (StaffWhoPromote,)
    queryset = ModelVersion.objects.all()
    lookup_field = "name"
    lookup_value_regex = "[^/]+"

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return versions.listed() if self.action == "list" else ModelVersion.objects.all()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return ListedModelSerializer if self.action == "list" else ModelVersionSerializer

    @extend_schema(
        summary="Make it the one that serves",
        request=ReasonSerializer,
        responses=CHANGED | {404: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, name: str) -> Response:
        get_object_or_404(ModelVersion.objects.only("pk"), name=name)
        return Response(_served(versions.promote(name, **_who_and_why(request))))

    @extend_schema(
        summary="Back to the model that served before",
        request=ReasonSerializer,
        responses=CHANGED,
    )
    @action(detail=False, methods=["post"])
    def rollback(self, request: Request) -> Response:
        return Response(_served(versions.rollback(**_who_and_why(request))))

    @extend_schema(summary="What was live when, newest first", responses=ReignSerializer(many=True))
    @action(detail=False, pagination_class=None)
    def timeline(self, request: Request) -> Response:
        told = [ReignSerializer(reign).data for reign in versions.timeline()]
        return Response(told)


def _who_and_why(request: Request) -> dict[str, Any]:
    why = ReasonSerializer(data=request.data)
    why.is_valid(raise_exception=True)
    by = cast(User, request.user)
    return {"by": by, "via": Via.API, "reason": why.validated_data.get("reason", "")}


def _served(version: ModelVersion) -> Any:
    return ModelVersionSerializer(version).data
