"""A late page of a long list, found without reading the pages before it."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


class DeferredJoinPaginator(Paginator):
    """OFFSET reads every row before the page; of keys alone, an index has them all."""

    object_list: QuerySet[Any]

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self.object_list.prefetch_related(None).values_list("pk", flat=True)
        wanted = list(keys[start : start + self.per_page])
        return Page(self.object_list.filter(pk__in=wanted), number, self)
