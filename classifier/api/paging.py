"""Pages of a list that stay where they are while rows are added, found without the rows before."""

from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

PAGE = 50
LONGEST_PAGE = 200


class InvalidCursor(ParseError):
    default_code = "invalid_cursor"
    default_detail = "There is no such cursor. Follow the list's own links, or leave it out."


class Asked(serializers.Serializer[Any]):
    cursor = serializers.CharField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=PAGE)


@dataclass(frozen=True)
class Cursor:
    """The row that a page comes after or, going back, before."""

    back: bool
    key: tuple[Any, ...]


class Newest(BasePagination):
    """By time, the newest first; rows of the very same time by their id."""

    key: tuple[str, ...] = ("created_at", "id")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        # As a plain dictionary: fields of a form that are not there would not get their defaults.
        asked = Asked(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        self.limit: int = asked.validated_data["limit"]
        self.signer = Signer(salt=f"{__name__}.{queryset.model.__name__}")
        text = asked.validated_data.get("cursor")
        self.cursor = self._read(text, queryset) if text else None
        self.address = request.build_absolute_uri()
        found = list(self._after(queryset)[: self.limit + 1])
        self.is_more = len(found) > self.limit
        page = found[: self.limit]
        self.page = page[::-1] if self.cursor and self.cursor.back else page
        return self.page

    def _after(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        back = self.cursor is not None and self.cursor.back
        order = [F(name).asc() if back else F(name).desc() for name in self.key]
        if self.cursor:
            columns = Tuple(*map(F, self.key))
            beyond = TupleGreaterThan if back else TupleLessThan
            queryset = queryset.filter(beyond(columns, self.cursor.key))
        return queryset.order_by(*order)

    def _read(self, text: str, queryset: QuerySet[Any]) -> Cursor:
        # Signed, so that what it holds are values that the database has had.
        try:
            back, *key = self.signer.unsign_object(text)
        except BadSignature as error:
            raise InvalidCursor from error
        fields = (queryset.model._meta.get_field(name) for name in self.key)
        values = (field.to_python(value) for field, value in zip(fields, key, strict=True))
        return Cursor(back, tuple(values))

    def _link(self, row: Any, back: bool) -> str:
        values = [str(getattr(row, name)) for name in self.key]
        cursor = self.signer.sign_object([back, *values])
        return replace_query_param(self.address, "cursor", cursor)

    def _links(self) -> dict[str, str | None]:
        """A page that was come to from one side has something there."""
        if not self.page:
            return {"next": None, "previous": None}
        back = self.cursor is not None and self.cursor.back
        has_next = back or self.is_more
        has_previous = self.is_more if back else self.cursor is not None
        return {
            "next": self._link(self.page[-1], back=False) if has_next else None,
            "previous": self._link(self.page[0], back=True) if has_previous else None,
        }

    def get_paginated_response(self, data: Any) -> Response:
        return Response(self._links() | {"results": data})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        text = {"type": "string", "minLength": 1}
        limit = {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE}
        return [
            _parameter("cursor", "From a page's `next` or `previous`.", text),
            _parameter("limit", "Rows a page.", limit),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "properties": properties, "required": [*properties]}


class NewestId(Newest):
    """The newest first, of rows that are numbered."""

    key = ("id",)


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}
