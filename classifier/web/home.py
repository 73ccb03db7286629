"""The home page and its form."""

from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from classifier.access import visitors
from classifier.access.throttles import throttled
from classifier.models import Source
from classifier.recognition.imaging import ImageError
from classifier.templatetags.numbers import CERTAIN
from classifier.uploads import request_files, submission
from classifier.uploads.answers import Answer


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return _render_index(request)


@require_POST
@throttled
def predict(request: HttpRequest) -> HttpResponse:
    """Read the pictures, and redirect to the result.

    The script gets the address and the problems as JSON, so that it can show these without losing
    the pictures.
    """
    visitor = visitors.get_visitor(request) or uuid4()
    try:
        names, pictures = request_files.read_files(request.FILES)
    except ImageError as error:
        return _refuse(request, error, [request_files.translate_error(error)])
    results = submission.classify_pictures(pictures, Source.WEB, visitor)
    problems = _describe_problems(names, results)
    answers = [result for result in results if isinstance(result, Answer)]
    if isinstance(results[0], ImageError) and not answers:
        return _refuse(request, results[0], problems)
    _add_messages(request, len(answers), problems)
    page = reverse("mine") if len(results) > 1 else reverse("result", args=[answers[0].id])
    response = JsonResponse({"location": page}) if _is_by_script(request) else redirect(page)
    visitors.set_cookie(response, visitor)
    return response


def _is_by_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _refuse(request: HttpRequest, error: ImageError, problems: list[str]) -> HttpResponse:
    status = request_files.get_status(error)
    if _is_by_script(request):
        return JsonResponse({"detail": " ".join(problems)}, status=status)
    _add_messages(request, 0, problems)
    return _render_index(request, status)


def _render_index(request: HttpRequest, status: int = 200) -> HttpResponse:
    context = {
        "max_mb": settings.MAX_UPLOAD_MB,
        "certain_from": str(CERTAIN),  # not localized, for the script
        "max_pictures": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
    }
    return render(request, "index.html", context, status=status)


def _describe_problems(names: list[str], results: list[Answer | ImageError]) -> list[str]:
    problems = [
        (name, request_files.translate_error(result))
        for name, result in zip(names, results, strict=True)
        if isinstance(result, ImageError)
    ]
    return [f"{name}: {text}" if len(results) > 1 else text for name, text in problems]


def _add_messages(request: HttpRequest, count: int, problems: list[str]) -> None:
    if count == 1 and not problems:
        messages.success(request, _("Your picture has been read."))
    elif count:
        text = ngettext("%(n)s picture has been read.", "%(n)s pictures have been read.", count)
        messages.success(request, text % {"n": count})
    for problem in problems:
        messages.error(request, problem)
