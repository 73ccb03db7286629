"""Conversion of exceptions to problem details with the right status."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext, gettext_noop
from rest_framework import exceptions

from classifier.api.problems import NOT_FOUND, Problem
from classifier.errors import RuleBroken
from classifier.recognition.imaging import ImageError
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import runs, versions
from classifier.uploads import request_files

DOMAIN_ERRORS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    runs.AlreadyTraining: (HTTPStatus.CONFLICT, "already_training"),
    runs.NoNewLabels: (HTTPStatus.CONFLICT, "nothing_new"),
    runs.RunFinished: (HTTPStatus.CONFLICT, "run_ended"),
    versions.Rejected: (HTTPStatus.CONFLICT, "rejected"),
    versions.NoEarlierChampion: (HTTPStatus.CONFLICT, "no_earlier_champion"),
}
NO_FIELD = "non_field_errors"
TOO_DEEP = gettext_noop("The JSON is nested too deeply.")


def handle_error(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return the response to an error, or None to leave it to the middleware."""
    if _has_no_detail(error):
        error = exceptions.NotFound(gettext(getattr(context["view"], "not_found", NOT_FOUND)))
    problem = build_problem(error)
    if problem is None:
        return None
    headers = {
        "WWW-Authenticate": getattr(error, "auth_header", None),
        "Retry-After": getattr(error, "wait", None),
    }
    return problem.to_response({name: str(value) for name, value in headers.items() if value})


def _has_no_detail(error: Exception) -> bool:
    """Return whether the error does not name what was not found, so the view has to."""
    if isinstance(error, exceptions.NotFound):
        return error.detail == exceptions.NotFound.default_detail
    return isinstance(error, (Http404, ObjectDoesNotExist))


def build_problem(error: Exception) -> Problem | None:
    """Return None if the request is not to blame for the error."""
    match error:
        case ImageError():
            return build_picture_problem(error)
        case ArtifactError():
            return Problem(HTTPStatus.CONFLICT, "unusable_model", str(error))
        case RuleBroken():
            rule = (HTTPStatus.BAD_REQUEST, "invalid")
            return Problem(*DOMAIN_ERRORS.get(type(error), rule), str(error))
        case RecursionError():
            # Python's JSON parser recurses as deep as the body is nested.
            return Problem(HTTPStatus.BAD_REQUEST, "parse_error", gettext(TOO_DEEP))
        case Http404():
            return Problem(HTTPStatus.NOT_FOUND, "not_found", gettext(NOT_FOUND))
        case PermissionDenied():
            return build_problem(exceptions.PermissionDenied())
        case exceptions.ValidationError():
            errors = _flatten_errors(error.detail)
            parts = [f"{field}: {' '.join(messages)}" for field, messages in errors.items()]
            return Problem(error.status_code, "invalid", " ".join(parts), errors)
        case exceptions.APIException():
            return Problem(error.status_code, str(error.get_codes()), str(error.detail))
    return None


def build_picture_problem(error: ImageError) -> Problem:
    detail = request_files.translate_error(error)
    return Problem(request_files.get_status(error), error.code, detail)


def _flatten_errors(detail: Any, field: str = "") -> dict[str, list[str]]:
    """Flatten DRF's nested validation errors, naming a nested field `outer.inner`."""
    children: Iterable[tuple[Any, Any]]
    if isinstance(detail, dict):
        children = detail.items()
    elif isinstance(detail, list) and any(isinstance(each, dict) for each in detail):
        children = enumerate(detail)
    else:
        messages = detail if isinstance(detail, list) else [detail]
        return {field or NO_FIELD: [str(message) for message in messages]}
    errors: dict[str, list[str]] = {}
    for name, child in children:
        inner = "" if name == NO_FIELD else str(name)
        if child:
            errors |= _flatten_errors(child, ".".join(filter(None, (field, inner))))
    return errors
