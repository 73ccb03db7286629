"""The web pages: send a picture, see the answer; and what a monitor asks."""

from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from classifier import answers, intake, pictures, serving
from classifier.imaging import ImageError
from classifier.models import InputImage, Source, Upload
from classifier.services import uploads

A_DAY_S = 24 * 3600


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
    return render(request, "result.html", {"upload": upload, "answer": answers.of_upload(upload)})


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def original(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    return HttpResponse(pictures.preview(upload), content_type="image/jpeg")


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def seen(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage.objects.uploaded(), pk=image_id)
    return HttpResponse(pictures.png(image), content_type="image/png")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ready", "model": serving.champion.get().version.name})
