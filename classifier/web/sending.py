"""The first page, and what its form sends."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from classifier.access.throttles import throttled
from classifier.models import Source
from classifier.recognition.imaging import ImageError
from classifier.uploads import request_files, submission
from classifier.uploads.answers import Answer
from classifier.web import visitors


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "index.html")


@require_POST
@throttled
def predict(request: HttpRequest) -> HttpResponse:
    visitor = visitors.known_or_new(request)
    try:
        names, pictures = request_files.read_files(request.FILES)
    except ImageError as fault:
        messages.error(request, fault.detail)
        return render(request, "index.html", status=request_files.get_status(fault))
    read = submission.classify_pictures(pictures, Source.WEB, visitor)
    answers = _tell(request, names, read)
    if isinstance(read[0], ImageError) and not answers:
        return render(request, "index.html", status=request_files.get_status(read[0]))
    response = redirect("mine") if len(read) > 1 else redirect("result", answers[0].id)
    visitors.remember(response, visitor)
    return response


def _tell(request: HttpRequest, names: list[str], read: list[Answer | ImageError]) -> list[Answer]:
    """What came of each picture; returns the answers among it."""
    answers = [each for each in read if isinstance(each, Answer)]
    if len(read) == 1 and answers:
        messages.success(request, _("Your picture has been read."))
    elif answers:
        count = len(answers)
        said = ngettext("%(n)s picture has been read.", "%(n)s pictures have been read.", count)
        messages.success(request, said % {"n": count})
    for name, each in zip(names, read, strict=True):
        if isinstance(each, ImageError):
            messages.error(request, f"{name}: {each.detail}" if len(read) > 1 else each.detail)
    return answers
