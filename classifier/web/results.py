"""The page of one answer: what was read, why, and what a visitor says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classifier.access.throttles import throttled
from classifier.errors import RuleBroken
from classifier.labelling import labels
from classifier.models import InputImage, Suggestion, Upload
from classifier.recognition.labels import DIGITS, Verdict
from classifier.registry.serving import ServedModel
from classifier.uploads import answers, explanations
from classifier.uploads.answers import Answer, DigitAnswer
from classifier.uploads.explanations import Neighbour
from classifier.web import visitors
from classifier.web.overlay import Overlay, sign

NEXT = 2


@dataclass(frozen=True)
class Shown:
    """One digit as the page shows it; `likeliest` are what a visitor may want to say it is."""

    answer: DigitAnswer
    suggested: Suggestion | None
    likeliest: list[str]
    neighbours: list[Neighbour]

    @property
    def rest(self) -> list[str]:
        return [digit for digit in DIGITS if digit not in self.likeliest]


@require_safe
def result(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = get_object_or_404(Upload, pk=upload_id)
    answer = answers.load_answer(upload)
    served = explanations.get_explaining_model(answer)
    context = {
        "upload": upload,
        "answer": answer,
        "digits": _shown(upload, answer.digits, served),
        "explained_by": explanations.get_fingerprint(served) if served else "",
        "overlay": Overlay(upload, answer),
        "large": _large(answer),
        "sent_here": visitors.is_sender(request, upload),
    }
    return render(request, "result.html", context)


def _large(answer: Answer) -> str:
    """Return the numbers, a line each, with a question mark for each doubtful digit."""
    if answer.verdict == Verdict.NOT_A_DIGIT:
        return "?"
    signs = [sign(digit) for digit in answer.digits]
    if len(answer.lines) < 2:
        return "".join(signs)
    return "\n".join("".join(signs[place] for place in line.digits) for line in answer.lines)


def _shown(upload: Upload, digits: list[DigitAnswer], served: ServedModel | None) -> list[Shown]:
    suggested = _newest_suggestions(upload)
    near = explanations.find_neighbours(upload, served) if served else {}
    return [
        Shown(digit, suggested.get(digit.id), _likeliest(digit), near.get(digit.id, []))
        for digit in digits
    ]


def _likeliest(digit: DigitAnswer) -> list[str]:
    """Not what it has been called already."""
    falling = sorted(digit.probabilities, key=lambda each: -digit.probabilities[each])
    return [each for each in falling if each != digit.label][:NEXT]


def _newest_suggestions(upload: Upload) -> Mapping[UUID | None, Suggestion]:
    suggestions = Suggestion.objects.filter(image__upload=upload).order_by("image", "-id")
    return {newest.image_id: newest for newest in suggestions.distinct("image")}


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
    messages.success(request, _("Thank you. Staff will look at it."))
    return redirect(_place(image))


def _place(image: InputImage) -> str:
    """Where it stands on the page of its upload, unless it is alone there."""
    page = reverse("result", args=[image.upload_id])
    alone = InputImage.objects.filter(upload=image.upload_id).count() == 1
    return page if alone else f"{page}#digit-{image.position + 1}"
