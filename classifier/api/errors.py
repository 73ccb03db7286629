"""Every error of the API as a problem with the status that fits."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext, gettext_noop
from rest_framework import exceptions, status

from classifier.api.problems import NOT_FOUND, Problem
from classifier.errors import RuleBroken
from classifier.recognition.imaging import ImageError
from classifier.recognition.model_folder import ArtifactError
from classifier.registry import runs, versions
from classifier.uploads import request_files

CONFLICTS: dict[type[Exception], str] = {
    runs.AlreadyTraining: "already_training",
    runs.NoNewLabels: "nothing_new",
    runs.RunFinished: "run_ended",
    versions.Rejected: "rejected",
    versions.NoEarlierChampion: "no_earlier_champion",
}
OF_NO_FIELD = "non_field_errors"
TOO_DEEP = gettext_noop("The JSON is nested too deeply.")


def handler(error: Exception, _context: dict[str, Any]) -> HttpResponse | None:
    """What is not handled here goes on to the middleware."""
    problem = problem_of(error)
    return problem.response(_headers(error)) if problem else None


def problem_of(error: Exception) -> Problem | None:
    """None for what is no fault of the request."""
    if isinstance(error, ImageError):
        return Problem(request_files.status(error), error.code, error.detail)
    if isinstance(error, ArtifactError):
        return Problem(status.HTTP_409_CONFLICT, "unusable_model", str(error))
    if conflict := CONFLICTS.get(type(error)):
        return Problem(status.HTTP_409_CONFLICT, conflict, str(error))
    if isinstance(error, RuleBroken):
        return Problem(status.HTTP_400_BAD_REQUEST, "invalid", str(error))
    if isinstance(error, RecursionError):
        # Python's JSON parser, and what formats its result, recurse as deep as the body nests.
        return Problem(status.HTTP_400_BAD_REQUEST, "parse_error", gettext(TOO_DEEP))
    if isinstance(error, Http404):
        return Problem(status.HTTP_404_NOT_FOUND, "not_found", gettext(NOT_FOUND))
    if isinstance(error, PermissionDenied):
        return _problem(exceptions.PermissionDenied())
    return _problem(error) if isinstance(error, exceptions.APIException) else None


def _problem(error: exceptions.APIException) -> Problem:
    if not isinstance(error, exceptions.ValidationError):
        return Problem(error.status_code, str(error.get_codes()), str(error.detail))
    errors = _by_field(error.detail)
    detail = " ".join(f"{field}: {' '.join(said)}" for field, said in errors.items())
    return Problem(error.status_code, "invalid", detail, errors)


def _by_field(detail: Any, field: str = "") -> dict[str, list[str]]:
    """DRF's nested validation errors, a field within a field as `outer.inner`."""
    within: Iterable[tuple[Any, Any]]
    if isinstance(detail, dict):
        within = detail.items()
    elif isinstance(detail, list) and any(isinstance(each, dict) for each in detail):
        within = enumerate(detail)
    else:
        said = detail if isinstance(detail, list) else [detail]
        return {field or OF_NO_FIELD: [str(each) for each in said]}
    found: dict[str, list[str]] = {}
    for name, each in within:
        inner = "" if name == OF_NO_FIELD else str(name)
        found |= _by_field(each, ".".join(filter(None, (field, inner)))) if each else {}
    return found


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(auth_header)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait)
    return headers
