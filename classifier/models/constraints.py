"""Building blocks for choices and database constraints."""

from typing import Any

from django.db import models
from django.db.models import Func, Q


def build_choices(values: Any) -> list[tuple[str, str]]:
    return [(str(value), str(value).replace("_", " ")) for value in values]


def build_choice_constraint(field: str, values: Any, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": list(map(str, values))}), name=name
    )


class ByteLength(Func):
    function = "octet_length"
    output_field = models.IntegerField()


class ArrayLength(Func):
    function = "cardinality"
    output_field = models.IntegerField()
