"""Lists of the API a page at a time: each row once, whatever is added meanwhile."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.admin.tests.test_paging import plan
from classifier.api.paging import Cursor, Newest
from classifier.models import InputImage, TrainingRun
from classifier.tests import factories

pytestmark = pytest.mark.django_db

LISTS = ["/api/images", "/api/models", "/api/runs"]


def page(client: Client, link: str) -> Any:
    address = urlsplit(link)
    return client.get(f"{address.path}?{address.query}").json()


def ids(found: Any) -> list[str]:
    return [image["id"] for image in found["results"]]


def forward(client: Client, link: str | None) -> list[list[str]]:
    pages = []
    while link:
        found = page(client, link)
        pages.append(ids(found))
        link = found["next"]
    return pages


def test_pages_hold_each_image_once_newest_first_and_lead_back(admin_api: Client) -> None:
    newest = [str(factories.create_image().pk) for _ in range(5)][::-1]

    assert forward(admin_api, "/api/images?limit=2") == [newest[:2], newest[2:4], newest[4:]]

    first = page(admin_api, "/api/images?limit=2")
    last = page(admin_api, page(admin_api, first["next"])["next"])
    middle = page(admin_api, last["previous"])
    assert (ids(middle), ids(page(admin_api, middle["next"]))) == (newest[2:4], newest[4:])
    again = page(admin_api, middle["previous"])
    assert (ids(again), ids(page(admin_api, again["next"]))) == (newest[:2], newest[2:4])
    assert (again["previous"], last["next"], first["previous"]) == (None, None, None)


def test_images_of_the_very_same_time_are_each_listed_once(admin_api: Client) -> None:
    images = [factories.create_image() for _ in range(5)]
    InputImage.objects.update(created_at=images[0].created_at)

    pages = forward(admin_api, "/api/images?limit=2")

    assert [len(each) for each in pages] == [2, 2, 1]
    assert {image for each in pages for image in each} == {str(image.pk) for image in images}


def test_what_is_added_meanwhile_moves_no_page(admin_api: Client) -> None:
    newest = [str(factories.create_image().pk) for _ in range(4)][::-1]
    first = page(admin_api, "/api/images?limit=2")
    late = str(factories.create_image().pk)

    second = page(admin_api, first["next"])

    assert ids(second) == newest[2:]
    assert ids(page(admin_api, second["previous"])) == newest[:2]
    assert ids(page(admin_api, page(admin_api, second["previous"])["previous"])) == [late]


def test_the_links_keep_what_was_asked_for(admin_api: Client) -> None:
    wanted = [str(factories.create_image(label="7").pk) for _ in range(3)][::-1]
    factories.create_image()

    assert forward(admin_api, "/api/images?label=7&limit=2") == [wanted[:2], wanted[2:]]


def test_a_page_whose_rows_are_gone_leads_nowhere(admin_api: Client) -> None:
    for _ in range(3):
        factories.create_image()
    link = page(admin_api, "/api/images?limit=2")["next"]
    InputImage.objects.all().delete()

    assert page(admin_api, link) == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("address", ["/api/models", "/api/runs"])
def test_numbered_rows_are_paged_by_their_numbers(admin_api: Client, address: str) -> None:
    for number in range(3):
        result = factories.create_version(name=f"model-{number}")
        ended = {"state": "succeeded", "finished_at": result.created_at}
        TrainingRun.objects.create(result=result, **ended)
    found = page(admin_api, f"{address}?limit=2")
    names = [each.get("name") or each["result"] for each in found["results"]]
    rest = page(admin_api, found["next"])["results"]

    assert names == ["model-2", "model-1"]
    assert [each.get("name") or each["result"] for each in rest] == ["model-0"]


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("cursor", ["x", "WyJhIl0:x", "é", "a" * 5000, "W10", ":"])
def test_a_cursor_that_was_never_given_is_refused(
    admin_api: Client, address: str, cursor: str
) -> None:
    response = admin_api.get(address, {"cursor": cursor})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
    assert "Follow the list's own links" in response.json()["detail"]


def test_a_cursor_of_another_list_is_refused(admin_api: Client) -> None:
    for name in ("one", "two"):
        factories.create_version(name=name)
    cursor = page(admin_api, "/api/models?limit=1")["next"].partition("?")[2]

    assert admin_api.get(f"/api/models?{cursor}").status_code == 200
    assert admin_api.get(f"/api/runs?{cursor}").json()["code"] == "invalid_cursor"


def test_a_late_page_reads_none_of_the_rows_before_it(admin_api: Client) -> None:
    for _ in range(5):
        factories.create_image()
    link = page(admin_api, "/api/images?limit=2")["next"]

    with CaptureQueriesContext(connection) as queries:
        page(admin_api, link)

    [listing] = [
        each["sql"] for each in queries if "ORDER BY" in each["sql"] and "<" in each["sql"]
    ]
    assert "OFFSET" not in listing
    assert "LIMIT 3" in listing


@pytest.mark.parametrize(
    ("label", "index"), [(None, "input_data_newest"), ("7", "input_data_by_label")]
)
@pytest.mark.parametrize("back", [False, True])
def test_a_page_is_found_by_its_index(label: str | None, index: str, back: bool) -> None:
    an_hour = timedelta(hours=-1 if back else 1)
    pages = Newest()
    pages.cursor = Cursor(back, (timezone.now() + an_hour, uuid4()))
    images = InputImage.objects.uploaded()

    said = plan(pages._after(images.filter(label=label) if label else images)[:51])

    assert f"using {index}" in said
    assert "ROW(created_at, id)" in said.partition("Index Cond")[2]
