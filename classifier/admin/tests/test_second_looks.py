import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.admin.tests.test_queue_page import ANSWER, GRID, MORE, QUEUE, get_page, list_images
from classifier.labelling import labels
from classifier.models import Via
from classifier.tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]


@pytest.mark.parametrize("order", ["useful", "doubt", "newest", "suggested", "random"])
def test_hidden_guess_is_on_no_card(
    labeller_client: Client, settings: Settings, order: str
) -> None:
    settings.HIDE_GUESS = True
    item = factories.create_queue_item(guess="7", suggestion="3")
    factories.create_prediction(item.image, factories.create_version())

    for content in (
        get_page(labeller_client, f"{QUEUE}?order={order}"),
        labeller_client.post(f"{MORE}?order={order}").text,
    ):
        assert "best guess" not in content
        assert "suggestion, unchecked" not in content
        assert "<progress" not in content
        assert "the model 7" not in content


def test_grid_is_off_while_guesses_are_hidden(labeller_client: Client, settings: Settings) -> None:
    settings.HIDE_GUESS = True

    response = labeller_client.get(GRID)

    assert response.status_code == 404
    assert "HIDE_GUESS" in response.text


def test_disputed_card_shows_who_labelled_and_no_guess(
    labeller_client: Client, anna: User, bert: User
) -> None:
    item = factories.create_queue_item(guess="8")
    factories.create_prediction(item.image, factories.create_version())
    labels.set_label(item.pk, "3", anna, Via.QUEUE)
    labels.set_label(item.pk, "5", bert, Via.API)

    content = get_page(labeller_client, QUEUE + "?order=disputed")

    statements = re.findall(r'<td class="label">(\w+)</td><th scope="row">(\w+)</th>', content)
    assert statements == [("3", "anna"), ("5", "bert")]
    assert "<progress" not in content
    assert re.search(r"<b[^>]*>1</b> waiting", content)


@pytest.mark.parametrize("address", [QUEUE, ANSWER])
def test_dispute_is_settled_and_reopened_by_one_answer(
    labeller_client: Client, anna: User, bert: User, address: str
) -> None:
    item = factories.create_queue_item()
    for label, by in (("3", anna), ("5", bert)):
        labels.set_label(item.pk, label, by, Via.QUEUE)
    address += "?order=disputed"

    labeller_client.post(address, {"answer": "3", "image": item.pk})

    assert factories.get_label(item.pk) == "3"
    page = get_page(labeller_client, QUEUE + "?order=disputed")
    assert "No label is disputed." in page
    labeller_client.post(address, {"answer": "undo", "image": item.pk})
    assert factories.get_label(item.pk) == "5"
    assert list_images(get_page(labeller_client, QUEUE + "?order=disputed")) == [str(item.pk)]


def test_mislabelled_card_shows_neither_label_nor_guess(
    labeller_client: Client, anna: User
) -> None:
    item = factories.create_queue_item()
    factories.create_prediction(item.image, factories.create_version())
    labels.set_label(item.pk, "3", anna, Via.QUEUE)

    content = get_page(labeller_client, QUEUE + "?order=mislabelled")

    assert list_images(content) == [str(item.pk)]
    assert "anna" not in content
    assert "<progress" not in content
    labeller_client.post(ANSWER + "?order=mislabelled", {"answer": "3", "image": item.pk})
    content = get_page(labeller_client, QUEUE + "?order=mislabelled")
    assert "No label looks wrong." in content
