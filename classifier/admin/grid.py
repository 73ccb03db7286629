"""The page that shows many images of one guess at once, to pick out the wrong ones."""

from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from classifier.errors import RuleBroken
from classifier.labelling import queue
from classifier.models import InputImage
from classifier.recognition.labels import KNOWN_LABELS, Label

AT_ONCE = 60
# Where the session keeps what the last page was, so that it can be taken back.
LAST = "grid"


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    try:
        guess = _undo(request) if "undo" in request.POST else _confirm(request)
    except RuleBroken as error:
        messages.error(request, str(error))
        return _page(request, 400)
    except InputImage.DoesNotExist as error:
        messages.error(request, str(error))
        return _page(request, 404)
    return redirect(f"{request.path}?guess={guess}")


def _confirm(request: HttpRequest) -> str:
    guess = request.POST.get("guess", "")
    shown, wrong = _ids(request, "image"), _ids(request, "wrong")
    right = shown - wrong
    doubts = queue.confirm_guess(guess, right, shown & wrong, cast(User, request.user))
    request.session[LAST] = {
        "guess": guess,
        "right": [*map(str, right)],
        "doubts": {str(image): doubt for image, doubt in doubts.items()},
    }
    return guess


def _ids(request: HttpRequest, name: str) -> set[UUID]:
    try:
        return set(map(UUID, request.POST.getlist(name)))
    except ValueError as error:
        raise RuleBroken("What was sent names no image.") from error


def _undo(request: HttpRequest) -> str:
    last = request.session.pop(LAST, None)
    if last is None:
        raise RuleBroken("There is no page to undo.")
    right = [*map(UUID, last["right"])]
    doubts = {UUID(image): doubt for image, doubt in last["doubts"].items()}
    queue.undo_confirmation(right, doubts, cast(User, request.user))
    return cast(str, last["guess"])


def _page(request: HttpRequest, status: int = 200) -> HttpResponse:
    guess = request.GET.get("guess", KNOWN_LABELS[0])
    if guess not in KNOWN_LABELS:
        return render(request, "error.html", {"detail": "There is no such guess."}, status=400)
    by = cast(User, request.user)
    none = guess == Label.NOT_A_DIGIT
    context = {
        **admin.site.each_context(request),
        "title": "Which of these are digits?" if none else f"Which of these are not {guess}?",
        "is_nav_sidebar_enabled": False,
        "items": queue.lease_by_guess(by, guess, AT_ONCE),
        "guess": guess,
        "called": "no digit" if none else guess,
        "counts": queue.count_by_guess(),
        "today": queue.count_labelled_today(by),
        "last": request.session.get(LAST),
    }
    return render(request, "admin/classifier/inputimage/grid.html", context, status=status)
