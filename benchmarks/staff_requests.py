"""What staff ask for, page by page, of a database that many_uploads has filled."""

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from classifier.labelling.queue import Order
from classifier.models import InputImage, ModelVersion, QueueItem, TrainingRun, Upload

IMAGES = "/admin/classifier/inputimage/"
UPLOADS = "/admin/classifier/upload/"
LABELLER = "labeller-0"

# Prepares a request, untimed, and returns what sends it.
Prepare = Callable[[], Callable[[], Any]]


def pages() -> dict[str, Prepare]:
    admin, labeller = client("admin"), client(LABELLER)
    looked_at = {name: gets(admin, found) for name, found in (lists() | single_rows()).items()}
    labelled_on = {name: gets(labeller, found) for name, found in labelling().items()}
    return looked_at | {
        **labelled_on,
        "queue, the next cards": partial(next_cards, labeller),
        "queue, an answer": partial(answer, labeller),
        "grid, a page confirmed": partial(confirm, labeller),
    }


def lists() -> dict[str, list[str]]:
    unknown = InputImage.objects.filter(label="unknown").count()
    last, last_upload = unknown // 50, Upload.objects.count() // 100
    return {
        "the admin's first page": ["/admin/"],
        "images, unknown": [IMAGES],
        "images, unknown, half way": [f"{IMAGES}?p={last // 2}"],
        "images, unknown, last page": [f"{IMAGES}?p={last}"],
        "images, all": [f"{IMAGES}?label=all"],
        "images, all, half way": [f"{IMAGES}?label=all&p={last_upload}"],
        "images, by label": [f"{IMAGES}?label={digit}" for digit in "0123456789"],
        "images, by label and source": [f"{IMAGES}?label=7&upload__source=api"],
        "uploads": [UPLOADS],
        "uploads, last page": [f"{UPLOADS}?p={last_upload}"],
        "uploads, by type": [f"{UPLOADS}?media_type=image%2Fjpeg"],
        "models": ["/admin/classifier/modelversion/"],
        "training runs": ["/admin/classifier/trainingrun/"],
        "API images": ["/api/images"],
        "API images, unknown": ["/api/images?label=unknown"],
        "API images, unknown, half way": [f"/api/images?label=unknown&created_before={half_way()}"],
    }


def half_way() -> str:
    newest_first = InputImage.objects.filter(label="unknown").order_by("-created_at")
    middle = newest_first[newest_first.count() // 2]
    return middle.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def single_rows() -> dict[str, list[str]]:
    images = InputImage.objects.uploaded().order_by("?").values_list("pk", flat=True)[:40]
    return {
        "an image": [f"{IMAGES}{image}/change/" for image in images],
        "a model": [newest(ModelVersion)],
        "a training run": [newest(TrainingRun)],
        "API an image": [f"/api/images/{image}" for image in images],
    }


def labelling() -> dict[str, list[str]]:
    orders = {f"queue, {order}": [f"{IMAGES}queue/?order={order}"] for order in Order}
    return orders | {"grid": [f"{IMAGES}grid/?guess={digit}" for digit in "0123456789"]}


def newest(model: type[Model]) -> str:
    row = model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
    return reverse(f"admin:classifier_{model._meta.model_name}_change", args=[row])


def client(name: str) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username=name))
    return client


def gets(client: Client, addresses: list[str]) -> Prepare:
    """One after the other, again and again."""
    following = cycle(addresses)
    return lambda: partial(client.get, next(following))


def next_cards(client: Client) -> Callable[[], Any]:
    return partial(client.post, f"{IMAGES}queue/next?order=useful")


def answer(client: Client) -> Callable[[], Any]:
    item = QueueItem.objects.filter(waiting=True, leased_to=None).only("pk")[0]
    return partial(client.post, f"{IMAGES}queue/answer", {"image": item.pk, "answer": "7"})


def confirm(client: Client) -> Callable[[], Any]:
    client.get(f"{IMAGES}grid/?guess=3")
    shown = QueueItem.objects.filter(waiting=True, leased_to__username=LABELLER, guess="3")
    images = list(shown.values_list("pk", flat=True))
    sent = {"guess": "3", "image": images, "wrong": images[:2]}
    return partial(client.post, f"{IMAGES}grid/", sent)
