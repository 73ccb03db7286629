"""Parts of the lists: fast pages, and filters."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest


class DeferredJoinPaginator(Paginator):
    """A paginator whose late pages are fast.

    OFFSET reads every row before the page. It skips the keys alone, which come from an index.
    """

    object_list: QuerySet[Any]

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self.object_list.prefetch_related(None).values_list("pk", flat=True)
        page_keys = list(keys[start : start + self.per_page])
        return Page(self.object_list.filter(pk__in=page_keys), number, self)


class LongListAdmin(admin.ModelAdmin):
    """The pages of a table that may have millions of rows."""

    paginator = DeferredJoinPaginator
    show_full_result_count = False


class FieldFilter(admin.SimpleListFilter):
    """A filter by a field, `parameter_name`, of which `lookups` lists the values."""

    parameter_name: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.parameter_name: value}) if value else queryset
