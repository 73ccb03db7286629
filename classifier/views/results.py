"""The page of one answer, and what a visitor says of it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from classifier import answers
from classifier.constraints import choices
from classifier.models import InputImage, Suggestion, Upload
from classifier.services import RuleBroken, labels
from classifier.throttles import throttled
from classifier.vocabulary import KNOWN_LABELS

LABEL_CHOICES = choices(KNOWN_LABELS)


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
