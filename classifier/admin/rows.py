"""The rows page: the digits of a line of writing, labelled by typing the number."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from classifier.admin.grid import parse_ids
from classifier.errors import RuleBroken
from classifier.labelling import queue
from classifier.models import InputImage, QueueItem, Upload
from classifier.recognition.imaging import Box, join_boxes
from classifier.recognition.labels import DIGITS, Label

# The answers by the character that is typed; an empty answer skips the image.
ANSWERS = {digit: digit for digit in DIGITS} | {"n": Label.NOT_A_DIGIT.value, "-": ""}
# The session holds the ids of the row that was answered last, for its undo.
SESSION_KEY = "row"
MARGIN = 0.25  # around a row, as a share of its height


@dataclass(frozen=True)
class Row:
    """Digits of one upload, with the part of the picture to show as x, y, width and height."""

    items: list[QueueItem]
    upload: Upload
    view: Box


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _render_page(request)
    try:
        if "undo" in request.POST:
            _undo(request)
        else:
            _answer(request)
    except RuleBroken as error:
        messages.error(request, str(error))
    except InputImage.DoesNotExist:
        messages.error(request, _("An image of this row has been deleted. This is the next row."))
    return redirect(request.path)


def _answer(request: HttpRequest) -> None:
    ids = parse_ids(request, "image")
    text = "-" * len(ids) if "skip" in request.POST else request.POST.get("text", "")
    answers = _parse_answers(ids, text)
    queue.answer_row(answers, cast(User, request.user))
    request.session[SESSION_KEY] = [*map(str, ids)]


def _parse_answers(ids: list[UUID], text: str) -> dict[UUID, str]:
    characters = "".join(text.lower().split())
    if unknown := set(characters) - set(ANSWERS):
        raise RuleBroken(
            _(
                "'%(character)s' is not a label. Type digits, n for not a digit, "
                "and - to leave an image to others."
            )
            % {"character": min(unknown)}
        )
    if len(characters) != len(ids):
        raise RuleBroken(
            _(
                "The row has %(images)s marked images. Type one character for each, not "
                "%(characters)s: a digit, n for not a digit, or - to leave it to others."
            )
            % {"images": len(ids), "characters": len(characters)}
        )
    return {pk: ANSWERS[character] for pk, character in zip(ids, characters, strict=True)}


def _undo(request: HttpRequest) -> None:
    ids = request.session.pop(SESSION_KEY, [])
    if not ids:
        raise RuleBroken(_("There is nothing to undo."))
    queue.undo_row([*map(UUID, ids)], cast(User, request.user))


def _render_page(request: HttpRequest) -> HttpResponse:
    by = cast(User, request.user)
    context = {
        **admin.site.each_context(request),
        "title": _("Which number is it?"),
        "row": _build_row(queue.lease_row(by)),
        "today": queue.count_labelled_today(by),
        "last": request.session.get(SESSION_KEY),
    }
    return render(request, "admin/classifier/inputimage/rows.html", context)


def _build_row(items: list[QueueItem]) -> Row | None:
    upload = items[0].image.upload if items else None
    if upload is None:
        return None
    x, y, width, height = join_boxes(item.image.box for item in items if item.image.box)
    margin = round(MARGIN * height)
    view = (x - margin, y - margin, width + 2 * margin, height + 2 * margin)
    return Row(items, upload, view)
