"""Every error of the API as `{"code", "detail"}` with the status that fits."""

from typing import Any

from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from classifier import intake
from classifier.artifact import ArtifactError
from classifier.imaging import ImageError
from classifier.services import RuleBroken, runs, versions

CONFLICTS: dict[type[Exception], str] = {
    runs.AlreadyTraining: "already_training",
    runs.NothingNew: "nothing_new",
    runs.RunEnded: "run_ended",
    versions.Rejected: "rejected",
    versions.NoEarlierChampion: "no_earlier_champion",
}


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """What is not handled here goes on to the middleware."""
    if isinstance(error, ImageError):
        return _response(intake.status(error), error.code, error.detail)
    if isinstance(error, ArtifactError):
        return _response(status.HTTP_409_CONFLICT, "unusable_model", str(error))
    if conflict := CONFLICTS.get(type(error)):
        return _response(status.HTTP_409_CONFLICT, conflict, str(error))
    if isinstance(error, RuleBroken):
        return _response(status.HTTP_400_BAD_REQUEST, "invalid", str(error))
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return _not_found(response)
    response.data = {"code": _code(error), "detail": _sentence(error.detail)}
    return response


def _response(status_code: int, code: str, detail: str) -> Response:
    return Response({"code": code, "detail": detail}, status=status_code)


def _not_found(response: Response | None) -> Response | None:
    """Django's own Http404 and PermissionDenied, which DRF answers without their codes."""
    if response is not None:
        response.data = {
            "code": "not_found" if response.status_code == 404 else "permission_denied",
            "detail": str(response.data["detail"]),
        }
    return response


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def _sentence(detail: Any) -> str:
    """DRF's nested validation errors as `field: what is wrong`, one after the other."""
    if isinstance(detail, dict):
        return " ".join(f"{field}: {_sentence(errors)}" for field, errors in detail.items())
    if isinstance(detail, list):
        return " ".join(_sentence(error) for error in detail)
    return str(detail)
