"""The page that asks for one label after the other, by one key each."""

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from classifier.errors import RuleBroken
from classifier.labelling import queue
from classifier.labelling.queue import Order
from classifier.models import MISTAKEN_SCORE, InputImage, Prediction, QueueItem
from classifier.recognition.labels import KNOWN_LABELS
from classifier.uploads import verdict_text

FOLDER = "admin/classifier/inputimage"
# So many are loaded already while one is looked at.
AHEAD = 12
ORDERS = {
    Order.USEFUL: "Most useful",
    Order.DOUBT: "Least certain",
    Order.NEWEST: "Newest",
    Order.DISPUTED: "Visitor disagrees",
    Order.DECISIVE: "Decides the candidate",
    Order.RANDOM: "Random",
}


@dataclass(frozen=True)
class Card:
    """One image to label: what is known of it, and why it is asked."""

    item: QueueItem
    prediction: Prediction | None
    why: str
    is_blind: bool = False


@dataclass(frozen=True)
class Refused:
    """What could not be done, in a sentence, and the status that fits."""

    status: int
    detail: str


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Without JavaScript every answer is posted here."""
    if request.method != "POST":
        return _page(request)
    if refused := _act(request):
        messages.error(request, refused.detail)
        return _page(request, refused.status)
    name = "again" if request.POST["answer"] == "undo" else "last"
    query = {"order": request.GET.get("order", Order.USEFUL), name: request.POST["image"]}
    return redirect(f"{request.path}?{urlencode(query)}")


@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """The same for the script."""
    if refused := _act(request):
        return HttpResponse(refused.detail, "text/plain; charset=utf-8", refused.status)
    return HttpResponse(status=204)


@require_POST
def more(request: HttpRequest) -> HttpResponse:
    """The next cards, leased, for the script to put behind those that it has."""
    order = _order(request)
    if order is None:
        return HttpResponse("There is no such order.", "text/plain; charset=utf-8", 400)
    by = cast(User, request.user)
    items = queue.lease_next(by, order, AHEAD)
    return render(request, f"{FOLDER}/cards.html", _cards(items, by, order))


def _page(request: HttpRequest, status: int = 200) -> HttpResponse:
    order, again, last = _order(request), _id(request, "again"), _id(request, "last")
    if order is None:
        return render(request, "error.html", {"detail": "There is no such order."}, status=400)
    by = cast(User, request.user)
    items = queue.lease_page(by, order, AHEAD, again)
    context = {
        **admin.site.each_context(request),
        **_cards(items, by, order),
        "title": "Which digit is it?",
        "is_nav_sidebar_enabled": False,
        "answers": KNOWN_LABELS,
        "orders": ORDERS,
        "waiting": queue.count_waiting(),
        "today": queue.count_labelled_today(by),
        "last": last,
    }
    return render(request, f"{FOLDER}/queue.html", context, status=status)


def _cards(items: list[QueueItem], by: User, order: Order) -> dict[str, object]:
    cards = [_card(item, order) for item in items]
    return {"cards": cards, "order": order, "left": "" if cards else _left(by, order)}


def _left(by: User, order: Order) -> str:
    """What is not asked of this person in this order."""
    if order == Order.USEFUL and queue.has_near_duplicates(by):
        return "duplicates"
    if not queue.has_withheld(by):
        return "nothing"
    return {Order.DISPUTED: "agreed", Order.DECISIVE: "decided"}.get(order, "withheld")


def _card(item: QueueItem, order: Order) -> Card:
    if order == Order.DECISIVE:
        return Card(item, None, "Two models read it differently.", is_blind=True)
    prediction = item.image.current_prediction
    return Card(item, prediction, _why(item, prediction, order))


def _why(item: QueueItem, prediction: Prediction | None, order: Order) -> str:
    called = item.get_guess_display()
    if item.doubt == MISTAKEN_SCORE:
        return f"Somebody says that the model is wrong: it is not {called}."
    if item.suggestion not in ("", item.guess):
        said = item.get_suggestion_display()
        return f"The visitor says {said}, the model {called}."
    doubted = prediction and verdict_text.describe_verdict(
        prediction.verdict, prediction.reason, prediction.by_digit
    )
    sure = "The model is sure; it is here for variety."
    return doubted or (sure if order == Order.USEFUL else "The model is sure.")


def _act(request: HttpRequest) -> Refused | None:
    """Does what was posted, or says why not."""
    by, image = cast(User, request.user), _id(request, "image")
    if image is None:
        return Refused(400, "It is not said of which image the answer is.")
    try:
        _do(request.POST.get("answer", ""), image, by)
    except RuleBroken as error:
        return Refused(400, str(error))
    except InputImage.DoesNotExist:
        return Refused(404, "The image has been deleted.")
    return None


def _do(what: str, image: UUID, by: User) -> None:
    if what == "skip":
        queue.skip(image, by)
    elif what == "undo":
        queue.undo(image, by)
    else:
        queue.record_answer(image, what, by)


def _order(request: HttpRequest) -> Order | None:
    """None where there is no such order."""
    asked = request.GET.get("order", Order.USEFUL)
    return Order(asked) if asked in [*Order] else None


def _id(request: HttpRequest, name: str) -> UUID | None:
    given = request.POST if name == "image" else request.GET
    try:
        return UUID(given.get(name, ""))
    except ValueError:
        return None
