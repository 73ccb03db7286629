"""A late page of a long list, found without reading the rows before it."""

from typing import Any

from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request


class KeysFirst(LimitOffsetPagination):
    """OFFSET reads every row before the page; of keys alone, an index has them all."""

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        keys = queryset.prefetch_related(None).values_list("pk", flat=True)
        page: list[Any] | None = super().paginate_queryset(keys, request, view)
        return None if page is None else list(queryset.filter(pk__in=page))
