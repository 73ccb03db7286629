"""The page of one answer, and the forms for a visitor's suggestions."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier.access import visitors
from classifier.access.throttles import throttled
from classifier.errors import RuleBroken
from classifier.labelling import corrections, labels
from classifier.models import InputImage, Suggestion, Upload
from classifier.recognition.labels import DIGITS, Verdict
from classifier.registry.serving import ServedModel
from classifier.uploads import answers, explanations
from classifier.uploads.answers import Answer, DigitAnswer
from classifier.uploads.explanations import Neighbour
from classifier.uploads.overlay import Overlay, format_digit, list_boxes

ALTERNATIVES = 2


@dataclass(frozen=True)
class DigitView:
    """One digit on the page; `alternatives` are the likeliest other digits."""

    answer: DigitAnswer
    suggestion: Suggestion | None
    alternatives: list[str]
    neighbours: list[Neighbour]

    @property
    def other_digits(self) -> list[str]:
        return [digit for digit in DIGITS if digit not in self.alternatives]


@require_safe
def result(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    answer = answers.load_answer(upload)
    served = explanations.get_explaining_model(answer)
    context = {
        "upload": upload,
        "answer": answer,
        "digits": _list_digits(upload, answer.digits, served),
        "explained_by": explanations.get_fingerprint(served) if served else "",
        "overlay": Overlay(upload, answer),
        "headline": _format_headline(answer),
        "is_sender": visitors.is_sender(request, upload),
        "correction": corrections.find_newest([upload.pk]).get(upload.pk),
        "api": {
            "url": request.build_absolute_uri(reverse("api-predict")),
            "file": f"picture.{upload.media_type.removeprefix('image/')}",
        },
        "boxes": list_boxes(answer),
    }
    return render(request, "result.html", context)


def _format_headline(answer: Answer) -> str:
    """Return the digits, line by line, with a question mark for each unknown one."""
    if answer.verdict == Verdict.NOT_A_DIGIT:
        return "?"
    texts = [format_digit(digit) for digit in answer.digits]
    if len(answer.lines) < 2:
        return "".join(texts)
    return "\n".join("".join(texts[place] for place in line.digits) for line in answer.lines)


def _list_digits(
    upload: Upload, digits: list[DigitAnswer], served: ServedModel | None
) -> list[DigitView]:
    newest = Suggestion.objects.filter(image__upload=upload).order_by("image", "-id")
    suggestions: dict[UUID | None, Suggestion] = {
        each.image_id: each for each in newest.distinct("image")
    }
    neighbours = explanations.find_neighbours(upload, served) if served else {}
    return [
        DigitView(
            digit,
            suggestions.get(digit.id),
            _list_alternatives(digit),
            neighbours.get(digit.id, []),
        )
        for digit in digits
    ]


def _list_alternatives(digit: DigitAnswer) -> list[str]:
    likeliest = sorted(digit.probabilities, key=lambda each: -digit.probabilities[each])
    return [each for each in likeliest if each != digit.label][:ALTERNATIVES]


@require_POST
@throttled
def suggest(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = get_object_or_404(InputImage.objects.uploaded().only("upload", "position"), pk=image_id)
    try:
        labels.record_suggestion(image.pk, request.POST.get("label", ""))
    except RuleBroken as error:
        return render(request, "error.html", {"detail": str(error)}, status=400)
    except InputImage.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Thank you. Staff will check it."))
    page = reverse("result", args=[image.upload_id])
    is_single = InputImage.objects.filter(upload=image.upload_id).count() == 1
    if is_single or image.position is None:
        return redirect(page)
    return redirect(f"{page}#digit-{image.position + 1}")


@require_POST
@throttled
def correct(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    text = "".join(request.POST.get("text", "").split())
    try:
        boxes = corrections.parse_boxes(request.POST.get("boxes", ""))
        corrections.record_correction(upload_id, text, boxes)
    except RuleBroken as error:
        return render(request, "error.html", {"detail": str(error)}, status=400)
    except Upload.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("Thank you. Staff will check it."))
    return redirect("result", upload_id)
