"""Building blocks for choices and database constraints."""

from typing import Any

from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext, gettext_lazy, gettext_noop

# Codes are in modules without Django; this puts their names into the catalogues of translations.
NAMES = (
    gettext_noop("unknown"),
    gettext_noop("not a digit"),
    gettext_noop("digit"),
    gettext_noop("unsure"),
    gettext_noop("low confidence"),
    gettext_noop("another sign"),
    gettext_noop("unlike any digit"),
    gettext_noop("blank"),
    gettext_noop("more writing"),
    gettext_noop("cut off"),
    gettext_noop("too faint"),
)


def build_choices(values: Any) -> list[tuple[str, Any]]:
    return [(str(value), gettext_lazy(str(value).replace("_", " "))) for value in values]


def describe_label(label: str) -> str:
    return gettext(label.replace("_", " "))


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
