"""The queue page: one image after the other, labelled by one key each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.errors import RuleBroken
from classifier.labelling import corrections, disputes, queue, review
from classifier.labelling.corrections import ProposedDigit
from classifier.labelling.disputes import Statement
from classifier.labelling.selection import Order
from classifier.models import MISTAKEN_SCORE, Correction, InputImage, Prediction, QueueItem, Upload
from classifier.recognition.labels import KNOWN_LABELS
from classifier.uploads import answers, verdict_text
from classifier.uploads.overlay import Overlay, list_boxes

TEMPLATES = "admin/classifier/inputimage"
# Images that the page loads in advance.
BATCH = 12
ORDERS = {
    Order.USEFUL: _("Most useful"),
    Order.DOUBT: _("Least certain"),
    Order.NEWEST: _("Newest"),
    Order.SUGGESTED: _("Visitor disagrees"),
    Order.DECISIVE: _("Decides the candidate"),
    Order.ALARMING: _("Caused an alarm"),
    Order.RANDOM: _("Random"),
    Order.DISPUTED: _("Disputed"),
    Order.MISLABELLED: _("Probably mislabelled"),
}
# The reasons on cards that must not hint at the model's guess.
BLIND_REASONS = {
    Order.USEFUL: _("Its label would teach the model much."),
    Order.DOUBT: _("The model is among the least certain of it."),
    Order.NEWEST: _("It is among the newest."),
    Order.SUGGESTED: _("A visitor suggested another label than the model’s."),
    Order.DECISIVE: _("Two models read it differently."),
    Order.ALARMING: _("It caused an alarm."),
    Order.RANDOM: _("It was drawn at random."),
    Order.DISPUTED: _("People labelled it differently. Your label settles it."),
    Order.MISLABELLED: _("The model doubts its label."),
}
UNKNOWN_ORDER = format_lazy("{} {}.", _("This order does not exist. Use one of:"), ", ".join(Order))


@dataclass(frozen=True)
class Card:
    """An image to label, with the reason why it is in the queue.

    A blind card shows no guess and no correction. `statements` are the labels of a disputed image.
    """

    item: QueueItem
    prediction: Prediction | None
    reason: str
    is_blind: bool = False
    statements: Sequence[Statement] = ()
    correction: Correction | None = None

    @property
    def corrected_digits(self) -> list[ProposedDigit]:
        return corrections.list_digits(self.correction) if self.correction else []


@dataclass(frozen=True)
class Refusal:
    """The status and text of an answer that was refused."""

    status: int
    detail: str


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the page and, without JavaScript, handle its answers."""
    if request.method != "POST":
        return _render_page(request)
    if refusal := _handle_answer(request):
        messages.error(request, refusal.detail)
        return _render_page(request, refusal.status)
    parameter = "again" if request.POST["answer"] == "undo" else "last"
    query = {"order": request.GET.get("order", Order.USEFUL), parameter: request.POST["image"]}
    return redirect(f"{request.path}?{urlencode(query)}")


@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Handle an answer from the script."""
    if refusal := _handle_answer(request):
        return HttpResponse(refusal.detail, "text/plain; charset=utf-8", refusal.status)
    return HttpResponse(status=204)


@require_POST
def load_more(request: HttpRequest) -> HttpResponse:
    """Render the next cards, which the script appends to the page."""
    order = _parse_order(request)
    if order is None:
        return HttpResponse(UNKNOWN_ORDER, "text/plain; charset=utf-8", 400)
    by = cast(User, request.user)
    items = queue.lease_next(by, order, BATCH)
    return render(request, f"{TEMPLATES}/cards.html", _build_cards(items, by, order))


@require_safe
def edit_boxes(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """Render the editor of a picture's boxes, which the script puts into the picture's card."""
    upload = get_object_or_404(Upload, images=image_id)
    read = answers.load_answer(upload)
    correction = corrections.find_newest([upload.pk]).get(upload.pk)
    context = {
        "upload": upload,
        "overlay": Overlay(upload, read),
        "boxes": _list_corrected_boxes(correction) if correction else list_boxes(read),
        "action": reverse("admin:classifier_inputimage_answer"),
        "is_staff_form": True,
    }
    return render(request, "boxes_editor.html", context)


def _list_corrected_boxes(correction: Correction) -> list[dict[str, object]]:
    digits = corrections.list_digits(correction)
    return [{"box": digit.box, "label": digit.label, "state": "typed"} for digit in digits]


def _render_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    order = _parse_order(request)
    if order is None:
        return render(request, "error.html", {"detail": UNKNOWN_ORDER}, status=400)
    by = cast(User, request.user)
    items = queue.lease_page(by, order, BATCH, _parse_id(request.GET.get("again")))
    context = {
        **admin.site.each_context(request),
        **_build_cards(items, by, order),
        "title": gettext("Which digit is it?"),
        "answers": KNOWN_LABELS,
        "orders": ORDERS,
        "waiting": queue.count_waiting(order),
        "today": queue.count_labelled_today(by),
        "last": _parse_id(request.GET.get("last")),
    }
    return render(request, f"{TEMPLATES}/queue.html", context, status=status)


def _build_cards(items: list[QueueItem], by: User, order: Order) -> dict[str, object]:
    is_blind = settings.HIDE_GUESS or order == Order.DECISIVE or order in review.ORDERS
    cards = _build_blind_cards(items, order) if is_blind else _build_open_cards(items, order)
    return {"cards": cards, "order": order, "left": "" if cards else _find_left(by, order)}


def _build_blind_cards(items: list[QueueItem], order: Order) -> list[Card]:
    statements: dict[UUID, list[Statement]] = {}
    if order == Order.DISPUTED:
        statements = disputes.list_statements([item.pk for item in items])
    reason = str(BLIND_REASONS[order])
    return [Card(item, None, reason, True, statements.get(item.pk, ())) for item in items]


def _build_open_cards(items: list[QueueItem], order: Order) -> list[Card]:
    newest = corrections.find_newest(item.image.upload_id for item in items if item.image.upload_id)
    return [
        Card(
            item,
            item.image.current_prediction,
            _explain_choice(item, order),
            correction=newest.get(item.image.upload_id) if item.image.upload_id else None,
        )
        for item in items
    ]


def _find_left(by: User, order: Order) -> str:
    """Return which images are left when this order has none for this person."""
    if order in review.ORDERS:
        return "reviewed"
    if order == Order.USEFUL and queue.has_near_duplicates(by):
        return "duplicates"
    if not queue.has_unavailable(by):
        return "nothing"
    left = {Order.SUGGESTED: "agreed", Order.DECISIVE: "decided", Order.ALARMING: "quiet"}
    return left.get(order, "unavailable")


def _explain_choice(item: QueueItem, order: Order) -> str:
    guess, prediction = item.get_guess_display(), item.image.current_prediction
    if item.doubt == MISTAKEN_SCORE:
        return gettext("A labeller marked the model’s guess, %(guess)s, as wrong.") % {
            "guess": guess
        }
    if item.suggestion not in ("", item.guess):
        return gettext("The visitor says %(suggestion)s, the model %(guess)s.") % {
            "suggestion": item.get_suggestion_display(),
            "guess": guess,
        }
    doubt = prediction and verdict_text.describe_verdict(
        prediction.verdict, prediction.reason, prediction.by_digit
    )
    if order == Order.USEFUL:
        return doubt or gettext("The model is sure; it is here for variety.")
    return doubt or gettext("The model is sure.")


def _handle_answer(request: HttpRequest) -> Refusal | None:
    """Carry out an answer, or return why it was refused."""
    by, image = cast(User, request.user), _parse_id(request.POST.get("image"))
    order = _parse_order(request)
    if image is None:
        return Refusal(400, gettext("The image is missing. Send its id as `image`."))
    if order is None:
        return Refusal(400, str(UNKNOWN_ORDER))
    try:
        match request.POST.get("answer", ""):
            case "skip":
                queue.skip_image(image, by)
            case "undo":
                queue.undo_answer(image, by, order)
            case "accept":
                corrections.accept_correction(_parse_number(request), image, by)
            case "correct":
                boxes = corrections.parse_boxes(request.POST.get("boxes", "")) or []
                corrections.label_picture(image, request.POST.get("text", ""), boxes, by)
            case label:
                queue.record_answer(image, label, by, order)
    except RuleBroken as error:
        return Refusal(400, str(error))
    except InputImage.DoesNotExist:
        return Refusal(404, gettext("The image has been deleted."))
    return None


def _parse_order(request: HttpRequest) -> Order | None:
    value = request.GET.get("order", Order.USEFUL)
    return Order(value) if value in [*Order] else None


def _parse_number(request: HttpRequest) -> int:
    """Return the number of the correction that the card showed, or 0, which none has."""
    value = request.POST.get("correction", "")
    return int(value) if value.isdecimal() and len(value) < 19 else 0


def _parse_id(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None
