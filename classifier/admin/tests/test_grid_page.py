import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.admin.tests.test_queue_page import GRID, get_page
from classifier.labelling import labels
from classifier.models import QueueItem, Via
from classifier.tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]


def list_tiles(content: str) -> list[str]:
    return re.findall(r'name="image" value="([^"]+)"', content)


def post_grid(client: Client, items: list[QueueItem], wrong: list[QueueItem], digit: str) -> Any:
    chosen = {"image": [item.pk for item in items], "wrong": [item.pk for item in wrong]}
    return client.post(f"{GRID}?guess={digit}", chosen | {"guess": digit})


def test_grid_labels_all_but_the_wrong_images_and_undoes_it(labeller_client: Client) -> None:
    items = [factories.create_queue_item(doubt=place / 10) for place in range(3)]
    content = get_page(labeller_client, GRID + "?guess=7")
    assert list_tiles(content) == [str(item.pk) for item in items]
    assert re.search(r'href="\?guess=7" aria-current="page">7 <small>3<', content)

    response = post_grid(labeller_client, items, items[1:2], "7")

    assert [factories.get_label(item.pk) for item in items] == ["7", "unknown", "7"]
    content = get_page(labeller_client, response.headers["Location"])
    assert list_tiles(content) == []
    assert "No image that the model calls 7 is waiting." in content
    assert "Undo the last 2" in content

    response = labeller_client.post(GRID, {"undo": "1"})

    assert [factories.get_label(item.pk) for item in items] == ["unknown"] * 3
    assert response.headers["Location"] == GRID + "?guess=7"
    assert list_tiles(get_page(labeller_client, GRID + "?guess=7")) == [
        str(item.pk) for item in items
    ]
    assert labeller_client.post(GRID, {"undo": "1"}).status_code == 400


def test_grid_shows_60_images(labeller_client: Client) -> None:
    for _ in range(61):
        factories.create_queue_item()

    assert len(list_tiles(get_page(labeller_client, GRID + "?guess=7"))) == 60


def test_invalid_grid_is_refused(labeller_client: Client, admin_user: User) -> None:
    item = factories.create_queue_item()
    gone = QueueItem(pk=uuid4())

    page = labeller_client.get(GRID + "?guess=x")
    assert page.status_code == 400
    assert 'href="/admin/">Back to the staff pages' in page.text
    assert post_grid(labeller_client, [item], [], "x").status_code == 400
    assert labeller_client.post(GRID, {"guess": "7", "image": "x"}).status_code == 400
    response = post_grid(labeller_client, [item, gone], [], "7")
    assert response.status_code == 404
    assert "An image has been deleted" in response.text
    assert factories.get_label(item.pk) == "unknown"

    post_grid(labeller_client, [item], [], "7")
    labels.set_label(item.pk, "1", admin_user, Via.ADMIN)
    response = labeller_client.post(GRID, {"undo": "1"})
    assert response.status_code == 400
    assert "Somebody else has changed the label since" in response.text
