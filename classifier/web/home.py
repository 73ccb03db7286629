"""The home page and its form."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from classifier.access.throttles import throttled
from classifier.models import Source
from classifier.recognition.imaging import ImageError
from classifier.templatetags.numbers import CERTAIN
from classifier.uploads import request_files, submission
from classifier.uploads.answers import Answer
from classifier.web import visitors


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return _render_index(request)


@require_POST
@throttled
def predict(request: HttpRequest) -> HttpResponse:
    visitor = visitors.get_or_generate_visitor(request)
    try:
        names, pictures = request_files.read_files(request.FILES)
    except ImageError as error:
        messages.error(request, request_files.translate_error(error))
        return _render_index(request, request_files.get_status(error))
    results = submission.classify_pictures(pictures, Source.WEB, visitor)
    _add_messages(request, names, results)
    answers = [result for result in results if isinstance(result, Answer)]
    if isinstance(results[0], ImageError) and not answers:
        return _render_index(request, request_files.get_status(results[0]))
    response = redirect("mine") if len(results) > 1 else redirect("result", answers[0].id)
    visitors.set_cookie(response, visitor)
    return response


def _render_index(request: HttpRequest, status: int = 200) -> HttpResponse:
    context = {
        "max_mb": settings.MAX_UPLOAD_MB,
        "certain_from": str(CERTAIN),  # not localized, for the script
        "max_pictures": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
    }
    return render(request, "index.html", context, status=status)


def _add_messages(
    request: HttpRequest, names: list[str], results: list[Answer | ImageError]
) -> None:
    count = sum(isinstance(result, Answer) for result in results)
    if count and len(results) == 1:
        messages.success(request, _("Your picture has been read."))
    elif count:
        text = ngettext("%(n)s picture has been read.", "%(n)s pictures have been read.", count)
        messages.success(request, text % {"n": count})
    for name, result in zip(names, results, strict=True):
        if isinstance(result, ImageError):
            text = request_files.translate_error(result)
            messages.error(request, f"{name}: {text}" if len(results) > 1 else text)
