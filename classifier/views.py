"""The web pages: send a picture, see the answer; and what a monitor asks."""

from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from classifier import answers, intake, pictures, serving
from classifier.constraints import choices
from classifier.imaging import ImageError
from classifier.models import InputImage, Source, Suggestion, Upload
from classifier.services import RuleBroken, labels, uploads
from classifier.vocabulary import KNOWN_LABELS

A_DAY_S = 24 * 3600
LABEL_CHOICES = choices(KNOWN_LABELS)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "index.html")


@require_POST
def predict(request: HttpRequest) -> HttpResponse:
    try:
        answer = uploads.classify(intake.from_files(request.FILES), Source.WEB)
    except ImageError as error:
        messages.error(request, error.detail)
        return render(request, "index.html", status=intake.status(error))
    messages.success(request, "Your picture has been read.")
    return redirect("result", answer.id)


@require_safe
def result(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    answer = answers.of_upload(upload)
    suggested = _newest_suggestions(upload)
    digits = [(digit, suggested.get(digit.id)) for digit in answer.digits]
    context = {"upload": upload, "answer": answer, "digits": digits, "labels": LABEL_CHOICES}
    return render(request, "result.html", context)


def _newest_suggestions(upload: Upload) -> dict[UUID | None, Suggestion]:
    suggestions = Suggestion.objects.filter(image__upload=upload).order_by("image", "-id")
    return {newest.image_id: newest for newest in suggestions.distinct("image")}


@require_POST
def suggest(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage.objects.uploaded().only("upload"), pk=image_id)
    try:
        labels.suggest(image.pk, request.POST.get("label", ""))
    except RuleBroken as error:
        return render(request, "error.html", {"detail": str(error)}, status=400)
    messages.success(request, "Thank you. Staff will look at it.")
    return redirect("result", image.upload_id)


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def original(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    return HttpResponse(pictures.preview(upload), content_type="image/jpeg")


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def seen(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage, pk=image_id)
    return HttpResponse(pictures.png(image), content_type="image/png")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ready", "model": serving.champion.get().version.name})
