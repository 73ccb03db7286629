import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import InputImage, LabelCheck, QueueItem
from classifier.tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]

QUEUE = "/admin/classifier/inputimage/queue/"
ANSWER = QUEUE + "answer"
MORE = QUEUE + "next"
GRID = "/admin/classifier/inputimage/grid/"


def get_page(client: Client, address: str = QUEUE) -> str:
    return client.get(address).text


def list_images(content: str) -> list[str]:
    return re.findall(r'data-image="([^"]+)"', content)


def post_answer(client: Client, answer: str, item: QueueItem, query: str = "") -> Any:
    return client.post(QUEUE + query, {"answer": answer, "image": item.pk})


def test_card_shows_image_position_and_opinions(labeller_client: Client) -> None:
    upload = factories.create_upload(width=300, height=200)
    image = factories.create_image(upload=upload, box=[30, 40, 50, 60])
    factories.create_queue_item(image=image, guess="7", suggestion="3")
    factories.create_prediction(image, factories.create_version(), confidence=0.9)

    content = get_page(labeller_client)

    assert f'src="/image/{image.pk}.png"' in content
    assert f'src="/upload/{upload.pk}.jpg"' in content
    assert '<svg viewBox="0 0 300 200"' in content
    assert '<rect x="30" y="40" width="50" height="60"/>' in content
    assert "The visitor says 3, the model 7." in content
    assert "a visitor’s suggestion, unchecked" in content
    assert content.count("<progress ") == 10
    assert re.search(r"<b[^>]*>1</b> waiting · you labelled <b[^>]*>0</b> today", content)


@pytest.mark.parametrize(
    ("item_values", "prediction_values", "reason"),
    [
        ({}, {}, "The model is sure; it is here for variety."),
        ({"doubt": 1.0}, {}, "marked the model’s guess, 7, as wrong."),
        (
            {},
            {"label": "unknown", "verdict": "unsure", "reason": "unlike_any_digit"},
            "This is unlike the digits that the model was trained on",
        ),
    ],
)
def test_card_gives_the_reason(
    labeller_client: Client,
    item_values: dict[str, Any],
    prediction_values: dict[str, Any],
    reason: str,
) -> None:
    item = factories.create_queue_item(**item_values)
    factories.create_prediction(item.image, factories.create_version(), **prediction_values)

    assert reason in get_page(labeller_client)


def test_pages_have_no_inline_scripts_or_styles(labeller_client: Client) -> None:
    factories.create_prediction(factories.create_queue_item().image, factories.create_version())

    for address in (QUEUE, GRID + "?guess=7"):
        content = (
            get_page(labeller_client, address).split('<div id="content"')[1].split("<footer")[0]
        )
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", content)


def test_answer_leads_to_the_next_image_in_the_order(labeller_client: Client) -> None:
    second, first = factories.create_queue_item(doubt=0.1), factories.create_queue_item(doubt=0.9)
    assert list_images(get_page(labeller_client, QUEUE + "?order=doubt"))[0] == str(first.pk)

    response = post_answer(labeller_client, "3", first, "?order=doubt")

    assert factories.get_label(first.pk) == "3"
    assert response.headers["Location"] == f"{QUEUE}?order=doubt&last={first.pk}"
    content = get_page(labeller_client, response.headers["Location"])
    assert list_images(content) == [str(second.pk)]
    assert 'href="?order=doubt" aria-current="page"' in content


def test_undone_image_is_shown_first(labeller_client: Client) -> None:
    item, other = factories.create_queue_item(doubt=0.1), factories.create_queue_item(doubt=0.9)
    content = get_page(labeller_client, post_answer(labeller_client, "3", item).headers["Location"])
    undo = re.search(r'<form id="undo".*?name="image" value="([^"]+)"', content, re.DOTALL)
    assert undo
    assert undo[1] == str(item.pk)

    response = post_answer(labeller_client, "undo", item)

    assert factories.get_label(item.pk) == "unknown"
    assert list_images(get_page(labeller_client, response.headers["Location"])) == [
        str(item.pk),
        str(other.pk),
    ]


def test_skipped_image_is_not_shown_again(labeller_client: Client) -> None:
    item = factories.create_queue_item()

    response = post_answer(labeller_client, "skip", item)

    assert list_images(get_page(labeller_client, response.headers["Location"])) == []
    assert factories.get_label(item.pk) == "unknown"


def test_more_cards_follow_those_of_the_page(labeller_client: Client) -> None:
    for _ in range(14):
        factories.create_queue_item()
    first = list_images(get_page(labeller_client))

    more = labeller_client.post(MORE + "?order=useful").text

    assert (len(first), len(list_images(more))) == (12, 2)
    assert not {*first} & {*list_images(more)}
    assert "<html" not in more
    assert "No image is waiting for a label." in labeller_client.post(MORE).text


def test_empty_page_explains_what_is_left(labeller_client: Client) -> None:
    assert "No image is waiting for a label." in get_page(labeller_client)
    assert "No image is waiting for a label." in get_page(
        labeller_client, QUEUE + "?order=suggested"
    )

    item = factories.create_queue_item(duplicate=True)

    content = get_page(labeller_client)
    assert "Only near-duplicates of labelled images are left." in content
    assert 'href="?order=doubt"' in content
    assert list_images(get_page(labeller_client, QUEUE + "?order=doubt")) == [str(item.pk)]
    assert "Visitors agree with the model" in get_page(labeller_client, QUEUE + "?order=suggested")
    post_answer(labeller_client, "skip", item)
    assert "or you skipped it." in get_page(labeller_client)


@pytest.mark.parametrize("address", [QUEUE, ANSWER])
@pytest.mark.parametrize(
    ("answer", "image", "status", "detail"),
    [
        ("seven", None, 400, "is not a label"),
        ("", None, 400, "is not a label"),
        ("7", "", 400, "Send its id as"),
        ("7", "x", 400, "Send its id as"),
        ("undo", None, 400, "nothing to undo"),
        *((answer, uuid4(), 404, "has been deleted") for answer in ("7", "skip", "undo")),
    ],
)
def test_invalid_answer_is_refused(
    labeller_client: Client, address: str, answer: str, image: object, status: int, detail: str
) -> None:
    item = factories.create_queue_item()

    data = {"answer": answer, "image": item.pk if image is None else image}
    response = labeller_client.post(address, data)

    assert response.status_code == status
    assert detail in response.text
    assert factories.get_label(item.pk) == "unknown"


@pytest.mark.parametrize(("address", "method"), [(QUEUE, "get"), (MORE, "post")])
def test_unknown_order_is_refused(labeller_client: Client, address: str, method: str) -> None:
    response = getattr(labeller_client, method)(address + "?order=worst")

    assert response.status_code == 400
    assert "This order does not exist. Use one of: useful, doubt" in response.text


def test_hidden_check_looks_like_any_card(labeller_client: Client, settings: Settings) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    version = factories.create_version()
    for label in ("unknown", "7"):
        factories.create_prediction(
            factories.create_queue_item(doubt=0.5, label=label).image, version
        )

    content = get_page(labeller_client)

    check, images = LabelCheck.objects.get(), InputImage.objects.all()
    assert sorted(list_images(content)) == sorted(str(image.pk) for image in images)
    for image in images:
        content = content.replace(str(image.pk), "image").replace(str(image.upload_id), "upload")
    first, second = re.findall("<article.*?</article>", content, re.DOTALL)
    assert first == second

    counted = labeller_client.post(ANSWER, {"answer": "1", "image": check.image_id})

    assert counted.status_code == 204
    assert factories.get_label(check.image_id) == "7"
    assert re.search(r"you labelled <b[^>]*>1</b>", get_page(labeller_client))


def test_list_links_to_queue_and_grid(labeller_client: Client, labeller: User) -> None:
    links = ("Label one by one", "Label many at once")
    content = get_page(labeller_client, "/admin/classifier/inputimage/")
    assert [link in content for link in links] == [True, True]

    factories.withdraw_permission(labeller, "label_inputimage")
    content = get_page(labeller_client, "/admin/classifier/inputimage/")
    assert [link in content for link in links] == [False, False]
