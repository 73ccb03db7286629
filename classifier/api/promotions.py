"""What was live when, and back to what served before; for staff."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.api.conditional import Conditional
from classifier.api.models import CHANGED, served, who_and_why
from classifier.api.paging import NewestId
from classifier.api.permissions import StaffWhoPromote, StaffWhoSeePromotions
from classifier.api.serializers import PromotionSerializer, ReasonSerializer
from classifier.models import ModelVersion, Promotion
from classifier.registry import versions


@extend_schema_view(
    get=extend_schema(
        operation_id="list_promotions", tags=["models"], summary="What was live when, newest first"
    )
)
class PromotionsView(Conditional, generics.ListAPIView[Promotion]):
    permission_classes = (StaffWhoSeePromotions,)
    pagination_class = NewestId
    serializer_class = PromotionSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return versions.list_serving_periods()


class RollbackView(APIView):
    permission_classes = (StaffWhoPromote,)
    queryset = ModelVersion.objects.all()

    @extend_schema(
        operation_id="roll_back",
        tags=["models"],
        summary="Back to the model that served before",
        request=ReasonSerializer,
        responses=CHANGED,
    )
    def post(self, request: Request) -> Response:
        return Response(served(versions.rollback(**who_and_why(request))))
