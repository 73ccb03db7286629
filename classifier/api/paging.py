"""Pages of a list that do not shift while rows are added, and that never read earlier rows."""

from typing import Any

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param


class InvalidCursor(ParseError):
    default_code = "invalid_cursor"
    default_detail = gettext_lazy(
        "This cursor is not valid. Follow the list's own links, or leave it out."
    )


class PageQuery(serializers.Serializer[Any]):
    cursor = serializers.CharField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class NewestFirst(CursorPagination):
    """Pages by creation time.

    Cursors are signed, so that a position is always a value that the database has produced.
    """

    ordering: tuple[str, ...] = ("-created_at", "-id")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        self.signer = Signer(salt=f"{__name__}.{queryset.model.__name__}")
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        # A QueryDict would count as a form, whose missing fields get no defaults.
        query = PageQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        limit: int = query.validated_data["limit"]
        return limit

    def decode_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            return Cursor(*self.signer.unsign_object(text))
        except BadSignature as error:
            raise InvalidCursor from error

    def encode_cursor(self, cursor: Cursor) -> str:
        text = self.signer.sign_object(list(cursor))
        return replace_query_param(self.base_url or "", self.cursor_query_param, text)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        cursor = {"type": "string", "minLength": 1}
        limit = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
        return [
            _describe_parameter("cursor", "From a page's `next` or `previous`.", cursor),
            _describe_parameter("limit", "The number of rows in a page.", limit),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "properties": properties, "required": [*properties]}


class HighestIdFirst(NewestFirst):
    """Pages of rows that are numbered in the order of their creation."""

    ordering = ("-id",)


def _describe_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}
