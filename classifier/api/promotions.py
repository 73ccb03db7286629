"""The history of promotions and the rollback, for staff."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.api.conditional import ConditionalView
from classifier.api.models import PROMOTION_RESPONSES, read_promotion
from classifier.api.paging import HighestIdFirst
from classifier.api.permissions import CanPromote, CanViewPromotions
from classifier.api.serializers import (
    ModelVersionSerializer,
    PromotionSerializer,
    ReasonSerializer,
)
from classifier.models import ModelVersion, Promotion
from classifier.registry import versions


@extend_schema_view(
    get=extend_schema(
        operation_id="list_promotions",
        tags=["models"],
        summary="List which model served when, newest first",
    )
)
class PromotionsView(ConditionalView, generics.ListAPIView[Promotion]):
    permission_classes = (CanViewPromotions,)
    pagination_class = HighestIdFirst
    serializer_class = PromotionSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return versions.list_serving_periods()


class RollbackView(APIView):
    permission_classes = (CanPromote,)
    queryset = ModelVersion.objects.all()

    @extend_schema(
        operation_id="roll_back",
        tags=["models"],
        summary="Go back to the previous champion",
        request=ReasonSerializer,
        responses=PROMOTION_RESPONSES,
    )
    def post(self, request: Request) -> Response:
        version = versions.rollback(**read_promotion(request))
        return Response(ModelVersionSerializer(version).data)
