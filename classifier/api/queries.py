"""The query parameters of each address, so that a misspelt one is not ignored."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.utils.translation import gettext as _

from classifier.api.filters import ImageFilter
from classifier.api.paging import PageQuery
from classifier.api.problems import Problem
from classifier.api.serializers import ExportSerializer

PAGE = tuple(PageQuery().fields)
SCHEMA = ("format", "lang", "script", "version")
# By the name of the URL; the others have none.
PARAMETERS: Mapping[str | None, tuple[str, ...]] = {
    "image-list": (*PAGE, *ImageFilter().fields),
    "model-list": PAGE,
    "run-list": PAGE,
    "promotions": PAGE,
    "labels-npz": tuple(ExportSerializer().fields),
    "labels-zip": tuple(ExportSerializer().fields),
    "schema": SCHEMA,
    "docs": SCHEMA,
}


def find_problem(url_name: str | None, names: Iterable[str]) -> Problem | None:
    """Return the problem of a query with these parameters, or None if all are allowed."""
    allowed = PARAMETERS.get(url_name, ())
    unknown = sorted(set(names) - set(allowed))
    if not unknown:
        return None
    hint = _("Use one of: %(names)s.") % {"names": ", ".join(allowed)}
    if not allowed:
        hint = _("This address has no parameters.")
    sentence = _("'%(name)s' is not a parameter.")
    errors = {name: [f"{sentence % {'name': name}} {hint}"] for name in unknown}
    detail = " ".join(message for messages in errors.values() for message in messages)
    return Problem(HTTPStatus.BAD_REQUEST, "unknown_parameter", detail, errors)
