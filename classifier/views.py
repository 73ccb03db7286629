"""The web pages: send a picture, see the answer."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from classifier import answers, downloads, intake, pictures
from classifier.constraints import choices
from classifier.imaging import ImageError
from classifier.models import InputImage, Source, Suggestion, Upload
from classifier.services import RuleBroken, labels, uploads
from classifier.throttles import throttled
from classifier.vocabulary import KNOWN_LABELS

A_DAY_S = 24 * 3600
LABEL_CHOICES = choices(KNOWN_LABELS)


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
@throttled
def suggest(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage.objects.uploaded().only("upload"), pk=image_id)
    try:
        labels.suggest(image.pk, request.POST.get("label", ""))
    except RuleBroken as error:
        return render(request, "error.html", {"detail": str(error)}, status=400)
    except InputImage.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, "Thank you. Staff will look at it.")
    return redirect("result", image.upload_id)


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def original(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    try:
        preview = pictures.preview(upload)
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(preview, content_type="image/jpeg")


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def as_sent(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    if not (request.user.is_staff and request.user.has_perm("classifier.view_upload")):
        raise PermissionDenied
    try:
        return downloads.as_sent(get_object_or_404(Upload, pk=upload_id))
    except FileNotFoundError as error:
        raise Http404 from error


@require_safe
@cache_control(private=True, max_age=A_DAY_S)
def seen(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage, pk=image_id)
    return HttpResponse(pictures.png(image), content_type="image/png")
