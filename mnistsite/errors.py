"""Errors in the form that the asker reads: a problem for programs, a page for people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier.api.problems import NOT_FOUND, Problem

PROGRAMS = ("/api/",)


def failure(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """`detail` is translated here; the code, which is for programs, never is."""
    if request.path.startswith(PROGRAMS):
        return Problem(status, code, _(detail)).to_response()
    return render(request, "error.html", {"detail": _(detail)}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    detail = gettext_noop(
        "The request could not be read: its form is broken, it has too many files, or it is for "
        "another site."
    )
    return failure(request, 400, "bad_request", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    detail = gettext_noop("Something went wrong here, and has been logged. Try again in a moment.")
    return failure(request, 500, "server_error", detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return failure(request, 404, "not_found", NOT_FOUND)
