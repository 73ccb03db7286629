"""Error responses: problem details under /api/, pages elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from classifier.api.problems import NOT_FOUND, Problem
from classifier.monitoring import request_id

HEADINGS = {
    403: gettext_noop("You may not do this"),
    404: gettext_noop("Page not found"),
    429: gettext_noop("Too many attempts"),
    500: gettext_noop("Something went wrong"),
}


def render_error(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Render an error with its `detail` translated to the request's language."""
    if request.path.startswith("/api/"):
        return Problem(status, code, _(detail)).to_response()
    context = {
        "heading": _(HEADINGS[status]) if status in HEADINGS else "",
        "detail": _(detail),
        "report_id": request_id.get_current() if status == 500 else "",
    }
    return render(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    detail = gettext_noop(
        "The request can't be read: it is malformed, has too many files, or is for another site."
    )
    return render_error(request, 400, "bad_request", detail)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    detail = gettext_noop(
        "Your account does not have the permission for it. Ask the site's administrator for the "
        "role that you need, or log in with another account."
    )
    return render_error(request, 403, "permission_denied", detail)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    detail = gettext_noop(
        "The form was open for too long, or the browser blocks cookies. Nothing has been changed. "
        "Go back, reload the page and send the form again."
    )
    return render_error(request, 403, "csrf_failure", detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return render_error(request, 404, "not_found", NOT_FOUND)


def missing_documentation(request: HttpRequest) -> HttpResponse:
    """Answer for the documentation, which WhiteNoise serves if it was built before the start."""
    detail = gettext_noop("The documentation was not built. Run `make docs` and restart the site.")
    return render_error(request, 404, "not_found", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    detail = gettext_noop("Something went wrong here. It has been logged; try again in a moment.")
    return render_error(request, 500, "server_error", detail)
