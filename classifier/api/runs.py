"""Training runs, for staff: start, follow and cancel them."""

from typing import cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.conditional import ConditionalView
from classifier.api.paging import HighestIdFirst
from classifier.api.serializers import (
    ProblemSerializer,
    RunRequestSerializer,
    TrainingRunSerializer,
    read_body,
)
from classifier.models import TrainingRun, get_detail_fields
from classifier.recognition.labels import Scope
from classifier.registry import runs


@extend_schema_view(
    list=extend_schema(operation_id="list_runs", summary="List training runs, newest first"),
    retrieve=extend_schema(operation_id="get_run", summary="Get one training run"),
)
class RunViewSet(ConditionalView, viewsets.ReadOnlyModelViewSet[TrainingRun]):
    """Training runs, newest first."""

    not_found = gettext_noop("There is no training run with this number.")
    rules = {
        "GET": ("view_trainingrun", Scope.READ),
        "POST": ("start_trainingrun", Scope.TRAIN),
    }
    pagination_class = HighestIdFirst
    queryset = TrainingRun.objects.all()
    serializer_class = TrainingRunSerializer
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[TrainingRun]:
        runs.fail_lost_runs()
        queryset = TrainingRun.objects.select_related("asked_by", "result")
        return queryset.defer(*get_detail_fields("result")).order_by("-id")

    @extend_schema(
        operation_id="start_run",
        summary="Start a training run",
        request=RunRequestSerializer,
        responses={201: TrainingRunSerializer, 400: ProblemSerializer, 409: ProblemSerializer},
    )
    def create(self, request: Request) -> Response:
        body = read_body(request, RunRequestSerializer)
        run = runs.queue_run(cast(User, request.user), **body)
        return Response(self.get_serializer(run).data, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="cancel_run",
        summary="Cancel a training run",
        request=None,
        responses={200: TrainingRunSerializer, 404: ProblemSerializer, 409: ProblemSerializer},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        runs.cancel_run(self.get_object().pk)
        return Response(self.get_serializer(self.get_object()).data)
