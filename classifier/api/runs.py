"""Training runs for staff: asking for one, following and cancelling it."""

from typing import cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.conditional import Conditional
from classifier.api.paging import NewestId
from classifier.api.permissions import StaffWhoTrain
from classifier.api.serializers import AskSerializer, ProblemSerializer, TrainingRunSerializer
from classifier.models import TrainingRun, details
from classifier.registry import runs


@extend_schema_view(
    list=extend_schema(operation_id="list_runs", summary="Training runs, newest first"),
    retrieve=extend_schema(operation_id="get_run", summary="One training run"),
)
class RunViewSet(
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    Conditional,
    viewsets.GenericViewSet[TrainingRun],
):
    """Every training run, newest first."""

    permission_classes = (StaffWhoTrain,)
    pagination_class = NewestId
    queryset = TrainingRun.objects.all()
    serializer_class = TrainingRunSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[TrainingRun]:
        runs.fail_lost_runs()
        found = TrainingRun.objects.select_related("asked_by", "result")
        return found.defer(*details("result")).order_by("-id")

    @extend_schema(
        operation_id="start_run",
        summary="Ask for training",
        request=AskSerializer,
        responses={201: TrainingRunSerializer, 400: ProblemSerializer, 409: ProblemSerializer},
    )
    def create(self, request: Request) -> Response:
        wanted = AskSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        run = runs.queue_run(cast(User, request.user), **wanted.validated_data)
        return Response(self.get_serializer(run).data, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="cancel_run",
        summary="Cancel it",
        request=None,
        responses={200: TrainingRunSerializer, 404: ProblemSerializer, 409: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        runs.cancel(self.get_object().pk)
        return Response(self.get_serializer(self.get_object()).data)
