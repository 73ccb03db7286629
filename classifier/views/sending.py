"""The first page, and what its form sends."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier import intake
from classifier.imaging import ImageError
from classifier.models import Source
from classifier.services import uploads
from classifier.throttles import throttled


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "index.html")


@require_POST
@throttled
def predict(request: HttpRequest) -> HttpResponse:
    try:
        answer = uploads.classify(intake.from_files(request.FILES), Source.WEB)
    except ImageError as error:
        messages.error(request, error.detail)
        return render(request, "index.html", status=intake.status(error))
    messages.success(request, "Your picture has been read.")
    return redirect("result", answer.id)
