from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from classifier.admin.tests.test_paging import explain
from classifier.models import InputImage, RunState
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def get_page(client: Client, link: str) -> Any:
    address = urlsplit(link)
    return client.get(f"{address.path}?{address.query}").json()


def get_ids(page: Any) -> list[str]:
    return [image["id"] for image in page["results"]]


def follow_next(client: Client, link: str | None) -> list[list[str]]:
    pages = []
    while link:
        page = get_page(client, link)
        pages.append(get_ids(page))
        link = page["next"]
    return pages


def capture_listing(client: Client, link: str) -> str:
    """Return the SQL that reads a page of two rows."""
    with CaptureQueriesContext(connection) as queries:
        get_page(client, link)
    [sql] = [query["sql"] for query in queries if query["sql"].endswith("LIMIT 3")]
    return sql


def test_pages_list_each_image_once_in_both_directions(admin_api: Client) -> None:
    newest = [str(factories.create_image().pk) for _ in range(5)][::-1]

    assert follow_next(admin_api, "/api/images?limit=2") == [newest[:2], newest[2:4], newest[4:]]

    first = get_page(admin_api, "/api/images?limit=2")
    last = get_page(admin_api, get_page(admin_api, first["next"])["next"])
    middle = get_page(admin_api, last["previous"])
    assert get_ids(middle) == newest[2:4]
    assert get_ids(get_page(admin_api, middle["next"])) == newest[4:]
    again = get_page(admin_api, middle["previous"])
    assert get_ids(again) == newest[:2]
    assert get_ids(get_page(admin_api, again["next"])) == newest[2:4]
    assert (again["previous"], last["next"], first["previous"]) == (None, None, None)


def test_images_of_equal_time_are_listed_once(admin_api: Client) -> None:
    images = [factories.create_image() for _ in range(5)]
    InputImage.objects.update(created_at=images[0].created_at)

    pages = follow_next(admin_api, "/api/images?limit=2")

    assert [len(page) for page in pages] == [2, 2, 1]
    assert {image for page in pages for image in page} == {str(image.pk) for image in images}


def test_new_rows_do_not_shift_pages(admin_api: Client) -> None:
    newest = [str(factories.create_image().pk) for _ in range(4)][::-1]
    first = get_page(admin_api, "/api/images?limit=2")
    late = str(factories.create_image().pk)

    second = get_page(admin_api, first["next"])
    back = get_page(admin_api, second["previous"])

    assert get_ids(second) == newest[2:]
    assert get_ids(back) == newest[:2]
    assert get_ids(get_page(admin_api, back["previous"])) == [late]


def test_links_preserve_filters(admin_api: Client) -> None:
    sevens = [str(factories.create_image(label="7").pk) for _ in range(3)][::-1]
    factories.create_image()

    assert follow_next(admin_api, "/api/images?label=7&limit=2") == [sevens[:2], sevens[2:]]


def test_page_of_deleted_rows_is_empty(admin_api: Client) -> None:
    for _ in range(3):
        factories.create_image()
    link = get_page(admin_api, "/api/images?limit=2")["next"]
    InputImage.objects.all().delete()

    page = get_page(admin_api, link)

    assert (page["results"], page["next"]) == ([], None)
    before = get_page(admin_api, page["previous"])
    assert (before["results"], before["previous"]) == ([], None)


@pytest.mark.parametrize("address", ["/api/models", "/api/runs"])
def test_numbered_rows_are_paged_by_number(admin_api: Client, address: str) -> None:
    for number in range(3):
        result = factories.create_version(name=f"model-{number}")
        factories.create_run(RunState.SUCCEEDED, result=result)

    first = get_page(admin_api, f"{address}?limit=2")
    second = get_page(admin_api, first["next"])

    names = [
        [each.get("name") or each["result"] for each in page["results"]] for page in (first, second)
    ]
    assert names == [["model-2", "model-1"], ["model-0"]]


@pytest.mark.parametrize("address", ["/api/images", "/api/models", "/api/runs"])
@pytest.mark.parametrize("cursor", ["x", "WyJhIl0:x", "é", "a" * 5000, "W10", ":"])
def test_forged_cursor_is_rejected(admin_api: Client, address: str, cursor: str) -> None:
    response = admin_api.get(address, {"cursor": cursor})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
    assert "Follow the list's own links" in response.json()["detail"]


def test_cursor_of_another_list_is_rejected(admin_api: Client) -> None:
    for name in ("one", "two"):
        factories.create_version(name=name)
    cursor = get_page(admin_api, "/api/models?limit=1")["next"].partition("?")[2]

    assert admin_api.get(f"/api/models?{cursor}").status_code == 200
    assert admin_api.get(f"/api/runs?{cursor}").json()["code"] == "invalid_cursor"


def test_late_page_skips_no_rows(admin_api: Client) -> None:
    for _ in range(5):
        factories.create_image()
    link = get_page(admin_api, "/api/images?limit=2")["next"]

    assert "OFFSET" not in capture_listing(admin_api, link)


@pytest.mark.parametrize(
    ("query", "index"), [("", "input_data_newest"), ("&label=7", "input_data_by_label")]
)
@pytest.mark.parametrize("back", [False, True])
def test_page_is_read_by_index(admin_api: Client, query: str, index: str, back: bool) -> None:
    explain(InputImage.objects.all())  # fills the table
    link = get_page(admin_api, f"/api/images?limit=2{query}")["next"]
    if back:
        link = get_page(admin_api, link)["previous"]

    sql = capture_listing(admin_api, link)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        explained = "\n".join(line for (line,) in cursor.fetchall())

    assert f"using {index}" in explained
    assert "created_at" in explained.partition("Index Cond")[2]
