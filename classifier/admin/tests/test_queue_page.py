"""The fast labelling pages without JavaScript: what they show, keep and refuse, and to whom."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.labelling import labels
from classifier.models import InputImage, LabelCheck, QueueItem, Via
from classifier.tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]

QUEUE = "/admin/classifier/inputimage/queue/"
ANSWER = QUEUE + "answer"
MORE = QUEUE + "next"
GRID = "/admin/classifier/inputimage/grid/"


def page(client: Client, address: str = QUEUE) -> str:
    return client.get(address).content.decode()


def asked(content: str) -> list[str]:
    return re.findall(r'data-image="([^"]+)"', content)


def label_of(item: QueueItem) -> str:
    return InputImage.objects.get(pk=item.pk).label


def give(client: Client, what: str, item: QueueItem, query: str = "") -> Any:
    return client.post(QUEUE + query, {"answer": what, "image": item.pk})


@pytest.mark.parametrize("address", [QUEUE, ANSWER, MORE, GRID])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_staff_who_may_label_get_to_the_pages(
    client: Client, labeller: User, outsider: User, address: str, method: str
) -> None:
    def status() -> tuple[int, str]:
        response = getattr(client, method)(address)
        return response.status_code, response.headers.get("Location", "")[:13]

    assert status() == (302, "/admin/login/")
    client.force_login(outsider)
    assert status() == (302, "/admin/login/")
    labeller.user_permissions.remove(Permission.objects.get(codename="label_inputimage"))
    client.force_login(labeller)
    assert status()[0] == 403


def test_a_card_shows_the_image_where_it_was_and_what_is_said_of_it(
    labeller_client: Client,
) -> None:
    upload = factories.create_upload(width=300, height=200)
    image = factories.create_image(upload=upload, box=[30, 40, 50, 60])
    factories.create_queue_item(image=image, guess="7", suggestion="3")
    factories.create_prediction(image, factories.create_version(), confidence=0.9)

    shown = page(labeller_client)

    assert f'src="/image/{image.pk}.png"' in shown
    assert f'src="/upload/{upload.pk}.jpg"' in shown
    assert '<svg viewBox="0 0 300 200"' in shown
    assert '<rect x="30" y="40" width="50" height="60"/>' in shown
    assert "The visitor says 3, the model 7." in shown
    assert "a visitor says, unchecked" in shown
    assert shown.count("<progress ") == 10
    assert re.search(r"<b[^>]*>1</b> wait · you labelled <b[^>]*>0</b> today", shown)


@pytest.mark.parametrize(
    ("of_item", "of_prediction", "why"),
    [
        ({}, {}, "The model is sure; it is here for variety."),
        ({"doubt": 1.0}, {}, "the model is wrong: it is not 7."),
        (
            {},
            {"label": "unknown", "verdict": "unsure", "reason": "unlike_any_digit"},
            "This is unlike the digits that the model was trained on",
        ),
    ],
)
def test_a_card_says_why_it_is_asked(
    labeller_client: Client, of_item: dict[str, Any], of_prediction: dict[str, Any], why: str
) -> None:
    item = factories.create_queue_item(**of_item)
    factories.create_prediction(item.image, factories.create_version(), **of_prediction)

    assert why in page(labeller_client)


def test_pages_run_no_script_and_no_style_of_their_own(labeller_client: Client) -> None:
    factories.create_prediction(factories.create_queue_item().image, factories.create_version())

    for address in (QUEUE, GRID + "?guess=7"):
        content = page(labeller_client, address).split('<div id="content"')[1].split("<footer")[0]
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", content)


def test_an_answer_leads_to_the_next_image_in_the_same_order(labeller_client: Client) -> None:
    second, first = factories.create_queue_item(doubt=0.1), factories.create_queue_item(doubt=0.9)
    assert asked(page(labeller_client, QUEUE + "?order=doubt"))[0] == str(first.pk)

    response = give(labeller_client, "3", first, "?order=doubt")

    assert label_of(first) == "3"
    assert response.headers["Location"] == f"{QUEUE}?order=doubt&last={first.pk}"
    shown = page(labeller_client, response.headers["Location"])
    assert asked(shown) == [str(second.pk)]
    assert 'href="?order=doubt" aria-current="page"' in shown


def test_the_last_answer_is_taken_back_and_asked_again_first(labeller_client: Client) -> None:
    item, other = factories.create_queue_item(doubt=0.1), factories.create_queue_item(doubt=0.9)
    shown = page(labeller_client, give(labeller_client, "3", item).headers["Location"])
    undo = re.search(r'<form id="undo".*?name="image" value="([^"]+)"', shown, re.DOTALL)
    assert undo
    assert undo[1] == str(item.pk)

    response = give(labeller_client, "undo", item)

    assert label_of(item) == "unknown"
    assert asked(page(labeller_client, response.headers["Location"])) == [
        str(item.pk),
        str(other.pk),
    ]


def test_a_skipped_image_is_not_asked_again(labeller_client: Client) -> None:
    item = factories.create_queue_item()

    response = give(labeller_client, "skip", item)

    assert asked(page(labeller_client, response.headers["Location"])) == []
    assert label_of(item) == "unknown"


def test_the_next_images_follow_those_that_the_page_has(labeller_client: Client) -> None:
    for _ in range(14):
        factories.create_queue_item()
    first = asked(page(labeller_client))

    more = labeller_client.post(MORE + "?order=useful").content.decode()

    assert (len(first), len(asked(more))) == (12, 2)
    assert not {*first} & {*asked(more)}
    assert "<html" not in more
    assert "Nothing waits for a label." in labeller_client.post(MORE).content.decode()


def test_an_empty_queue_says_what_is_left(labeller_client: Client) -> None:
    assert "Nothing waits for a label." in page(labeller_client)
    assert "Nothing waits for a label." in page(labeller_client, QUEUE + "?order=disputed")

    item = factories.create_queue_item(duplicate=True)

    shown = page(labeller_client)
    assert "Only near-duplicates of what has been asked are left." in shown
    assert 'href="?order=doubt"' in shown
    assert asked(page(labeller_client, QUEUE + "?order=doubt")) == [str(item.pk)]
    assert "No visitor disagrees" in page(labeller_client, QUEUE + "?order=disputed")
    give(labeller_client, "skip", item)
    assert "or you have skipped it." in page(labeller_client)


@pytest.mark.parametrize("address", [QUEUE, ANSWER])
@pytest.mark.parametrize(
    ("what", "image", "status", "said"),
    [
        ("seven", None, 400, "is not a label"),
        ("", None, 400, "is not a label"),
        ("7", "", 400, "not said of which image"),
        ("7", "x", 400, "not said of which image"),
        ("undo", None, 400, "nothing to undo"),
        *((what, uuid4(), 404, "has been deleted") for what in ("7", "skip", "undo")),
    ],
)
def test_a_wrong_answer_is_refused_in_a_sentence(
    labeller_client: Client, address: str, what: str, image: object, status: int, said: str
) -> None:
    item = factories.create_queue_item()

    sent = {"answer": what, "image": item.pk if image is None else image}
    response = labeller_client.post(address, sent)

    assert response.status_code == status
    assert said in response.content.decode()
    assert label_of(item) == "unknown"


@pytest.mark.parametrize(("address", "method"), [(QUEUE, "get"), (MORE, "post")])
def test_an_order_that_does_not_exist_is_refused(
    labeller_client: Client, address: str, method: str
) -> None:
    response = getattr(labeller_client, method)(address + "?order=worst")

    assert response.status_code == 400
    assert "There is no such order." in response.content.decode()


def test_a_hidden_check_looks_like_any_other_card(
    labeller_client: Client, settings: Settings
) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    version = factories.create_version()
    for label in ("unknown", "7"):
        factories.create_prediction(
            factories.create_queue_item(doubt=0.5, label=label).image, version
        )

    shown = page(labeller_client)

    check, images = LabelCheck.objects.get(), InputImage.objects.all()
    assert sorted(asked(shown)) == sorted(str(image.pk) for image in images)
    for image in images:
        shown = shown.replace(str(image.pk), "image").replace(str(image.upload_id), "upload")
    first, second = re.findall("<article.*?</article>", shown, re.DOTALL)
    assert first == second

    counted = labeller_client.post(ANSWER, {"answer": "1", "image": check.image_id})

    assert counted.status_code == 204
    assert InputImage.objects.get(pk=check.image_id).label == "7"
    assert re.search(r"you labelled <b[^>]*>1</b>", page(labeller_client))


def tiles(content: str) -> list[str]:
    return re.findall(r'name="image" value="([^"]+)"', content)


def confirm(client: Client, items: list[QueueItem], wrong: list[QueueItem], digit: str) -> Any:
    chosen = {"image": [item.pk for item in items], "wrong": [item.pk for item in wrong]}
    return client.post(f"{GRID}?guess={digit}", chosen | {"guess": digit})


def test_the_grid_labels_all_but_the_wrong_ones_and_takes_it_back(labeller_client: Client) -> None:
    items = [factories.create_queue_item(doubt=place / 10) for place in range(3)]
    shown = page(labeller_client, GRID + "?guess=7")
    assert tiles(shown) == [str(item.pk) for item in items]
    assert re.search(r'href="\?guess=7" aria-current="page">7 <small>3<', shown)

    response = confirm(labeller_client, items, items[1:2], "7")

    assert [label_of(item) for item in items] == ["7", "unknown", "7"]
    shown = page(labeller_client, response.headers["Location"])
    assert tiles(shown) == []
    assert "Nothing that the model calls 7 waits for you." in shown
    assert "Undo the last 2" in shown

    response = labeller_client.post(GRID, {"undo": "1"})

    assert [label_of(item) for item in items] == ["unknown"] * 3
    assert response.headers["Location"] == GRID + "?guess=7"
    assert tiles(page(labeller_client, GRID + "?guess=7")) == [str(item.pk) for item in items]
    assert labeller_client.post(GRID, {"undo": "1"}).status_code == 400


def test_the_grid_shows_sixty_at_once(labeller_client: Client) -> None:
    for _ in range(61):
        factories.create_queue_item()

    assert len(tiles(page(labeller_client, GRID + "?guess=7"))) == 60


def test_a_grid_that_cannot_be_kept_is_refused_in_a_sentence(
    labeller_client: Client, admin_user: User
) -> None:
    item = factories.create_queue_item()
    gone = QueueItem(pk=uuid4())

    assert labeller_client.get(GRID + "?guess=x").status_code == 400
    assert confirm(labeller_client, [item], [], "x").status_code == 400
    assert labeller_client.post(GRID, {"guess": "7", "image": "x"}).status_code == 400
    response = confirm(labeller_client, [item, gone], [], "7")
    assert response.status_code == 404
    assert "An image has been deleted" in response.content.decode()
    assert label_of(item) == "unknown"

    confirm(labeller_client, [item], [], "7")
    labels.set_label(item.pk, "1", admin_user, Via.ADMIN)
    response = labeller_client.post(GRID, {"undo": "1"})
    assert response.status_code == 400
    assert "Somebody else has changed the label since" in response.content.decode()


def test_the_list_leads_to_both_pages(labeller_client: Client, labeller: User) -> None:
    links = ("Label one by one", "Label many at once")
    shown = page(labeller_client, "/admin/classifier/inputimage/")
    assert [link in shown for link in links] == [True, True]

    labeller.user_permissions.remove(Permission.objects.get(codename="label_inputimage"))
    shown = page(labeller_client, "/admin/classifier/inputimage/")
    assert [link in shown for link in links] == [False, False]
