"""Error responses: problem details under /api/, pages elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier.api.problems import NOT_FOUND, Problem


def render_error(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Render an error with its `detail` translated to the request's language."""
    if request.path.startswith("/api/"):
        return Problem(status, code, _(detail)).to_response()
    return render(request, "error.html", {"detail": _(detail)}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    detail = gettext_noop(
        "The request can't be read: it is malformed, has too many files, or is for another site."
    )
    return render_error(request, 400, "bad_request", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    detail = gettext_noop("Something went wrong here. It has been logged; try again in a moment.")
    return render_error(request, 500, "server_error", detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return render_error(request, 404, "not_found", NOT_FOUND)
