"""The grid: many images with one guess on a page, to pick out the wrong ones."""

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from classifier.errors import RuleBroken
from classifier.labelling import queue
from classifier.models import InputImage
from classifier.models.constraints import describe_label
from classifier.recognition.labels import KNOWN_LABELS, Label

PAGE_SIZE = 60
# The session holds the last confirmation under this key, for its undo.
SESSION_KEY = "grid"


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if settings.HIDE_GUESS:
        detail = _("The grid shows the model’s guesses, which HIDE_GUESS hides. Label one by one.")
        return render(request, "error.html", {"detail": detail}, status=404)
    if request.method != "POST":
        return _render_page(request)
    try:
        guess = _undo(request) if "undo" in request.POST else _confirm(request)
    except RuleBroken as error:
        messages.error(request, str(error))
        return _render_page(request, 400)
    except InputImage.DoesNotExist as error:
        messages.error(request, str(error))
        return _render_page(request, 404)
    return redirect(f"{request.path}?guess={guess}")


def _confirm(request: HttpRequest) -> str:
    guess = request.POST.get("guess", "")
    images, wrong = ({*parse_ids(request, name)} for name in ("image", "wrong"))
    right = images - wrong
    scores = queue.confirm_guess(guess, right, images & wrong, cast(User, request.user))
    request.session[SESSION_KEY] = {
        "guess": guess,
        "right": [*map(str, right)],
        "scores": {str(image): score for image, score in scores.items()},
    }
    return guess


def parse_ids(request: HttpRequest, name: str) -> list[UUID]:
    """Return the ids in a field of a form. Raise RuleBroken."""
    try:
        return [*map(UUID, request.POST.getlist(name))]
    except ValueError as error:
        raise RuleBroken(_("%(field)s: use the ids of images.") % {"field": name}) from error


def _undo(request: HttpRequest) -> str:
    last = request.session.pop(SESSION_KEY, None)
    if last is None:
        raise RuleBroken(_("There is nothing to undo."))
    right = [*map(UUID, last["right"])]
    scores = {UUID(image): score for image, score in last["scores"].items()}
    queue.undo_confirmation(right, scores, cast(User, request.user))
    return cast(str, last["guess"])


def _render_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    guess = request.GET.get("guess", KNOWN_LABELS[0])
    if guess not in KNOWN_LABELS:
        detail = _("This guess does not exist. Use one of: %(names)s.") % {
            "names": ", ".join(KNOWN_LABELS)
        }
        return render(request, "error.html", {"detail": detail}, status=400)
    by = cast(User, request.user)
    is_digit = guess != Label.NOT_A_DIGIT
    context = {
        **admin.site.each_context(request),
        "title": _("Which of these are not %(digit)s?") % {"digit": guess}
        if is_digit
        else _("Which of these are digits?"),
        "items": queue.lease_by_guess(by, guess, PAGE_SIZE),
        "guess": guess,
        "guess_name": describe_label(guess),
        "counts": queue.count_by_guess(),
        "today": queue.count_labelled_today(by),
        "last": request.session.get(SESSION_KEY),
    }
    return render(request, "admin/classifier/inputimage/grid.html", context, status=status)
