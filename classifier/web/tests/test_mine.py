import re
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Upload
from classifier.tests import factories
from classifier.tests.database import count_queries
from classifier.tests.pages import read_text
from classifier.tests.pictures import Draw
from classifier.tests.visitors import create_upload_by, list_messages, list_results, send_pictures
from classifier.uploads import history

pytestmark = pytest.mark.django_db

YEAR_S = 365 * 24 * 3600


@pytest.fixture
def visitor(client: Client) -> UUID:
    """The visitor whose cookie `client` has."""
    visitor = uuid4()
    client.cookies["visitor"] = str(visitor)
    return visitor


def test_visitor_without_upload_gets_no_cookie(champion: ModelVersion, client: Client) -> None:
    for address in ("/", "/mine", f"/result/{create_upload_by(uuid4()).pk}"):
        assert "visitor" not in client.get(address).cookies
    assert "visitor" not in send_pictures(client, b"no picture").cookies


def test_upload_sets_cookie_for_a_year(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    first = send_pictures(client, draw_digit(7)).cookies["visitor"]
    again = send_pictures(client, draw_digit(3)).cookies["visitor"]

    assert first["httponly"]
    assert (first["samesite"], first["secure"], first["max-age"]) == ("Lax", "", YEAR_S)
    assert (again.value, again["max-age"]) == (first.value, YEAR_S)
    assert {*Upload.objects.values_list("visitor", flat=True)} == {UUID(first.value)}


def test_cookie_is_secure_over_https(
    champion: ModelVersion, client: Client, draw_digit: Draw, settings: Settings
) -> None:
    settings.HTTPS = True
    assert send_pictures(client, draw_digit(7)).cookies["__Host-visitor"]["secure"]


@pytest.mark.parametrize("value", ["", "me", "1' OR 1=1", "x" * 5000])
def test_invalid_cookie_is_ignored(
    champion: ModelVersion, client: Client, draw_digit: Draw, value: str
) -> None:
    create_upload_by(None)
    client.cookies["visitor"] = value
    assert list_results(client.get("/mine")) == []
    assert UUID(send_pictures(client, draw_digit(7)).cookies["visitor"].value)


def test_api_upload_has_no_visitor(
    champion: ModelVersion, client: Client, draw_digit: Draw, visitor: UUID
) -> None:
    client.post("/api/predict", draw_digit(7), content_type="image/png")
    assert Upload.objects.get().visitor is None


def test_several_pictures_redirect_to_list(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    response = send_pictures(client, *map(draw_digit, (1, 2, 3)))
    assert (response.status_code, response.headers["Location"]) == (302, "/mine")

    page = client.get("/mine")
    assert list_messages(page) == ["3 pictures have been read."]
    assert re.findall(r"<strong[^>]*>(.*?)</strong>", page.text) == ["3", "2", "1"]


def test_unreadable_files_are_named_and_others_are_read(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    send_pictures(client, b"hello", draw_digit(7), b"")
    page = client.get("/mine")
    assert list_messages(page)[0] == "1 picture has been read."
    assert [message.split(":")[0] for message in list_messages(page)[1:]] == ["1.png", "3.png"]
    assert len(list_results(page)) == Upload.objects.count() == 1


def test_unreadable_files_alone_show_home_page_with_errors(
    champion: ModelVersion, client: Client
) -> None:
    response = send_pictures(client, b"%PDF-1.7", b"hello")
    assert response.status_code == 415
    assert len(list_messages(response)) == 2
    assert "visitor" not in response.cookies


def test_more_than_ten_files_are_rejected(
    client: Client, champion: ModelVersion, draw_digit: Draw
) -> None:
    assert send_pictures(client, *[draw_digit(7)] * 11).status_code == 400
    assert not Upload.objects.exists()


def test_list_shows_own_uploads_newest_first(client: Client, visitor: UUID) -> None:
    older, newer = create_upload_by(visitor), create_upload_by(visitor)
    create_upload_by(uuid4())
    create_upload_by(None)

    page = client.get("/mine")

    assert list_results(page) == [str(newer.pk), str(older.pk)]
    assert f'src="/upload/{newer.pk}.jpg"' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("verdict", "text"), [("unsure", "? not sure, perhaps 7"), ("not_a_digit", "? not a digit")]
)
def test_list_describes_other_verdicts(
    client: Client, visitor: UUID, verdict: str, text: str
) -> None:
    create_upload_by(visitor, verdict=verdict, label="unknown", reason="unlike_any_digit")
    assert text in read_text(client, "/mine")


def test_list_describes_blank_picture(client: Client, visitor: UUID) -> None:
    factories.create_upload(visitor=visitor)
    assert "? nothing written" in read_text(client, "/mine")


def test_empty_list_explains_page(client: Client) -> None:
    page = client.get("/mine").text
    assert "Nothing here yet" in page
    assert "Delete" not in page


@pytest.fixture
def uploads(visitor: UUID) -> list[str]:
    """Uploads for two pages and one more, newest first, some at the same time."""
    ids = [create_upload_by(visitor).pk for _ in range(2 * history.PAGE_SIZE + 1)]
    now = timezone.now()
    for number, pk in enumerate(ids):
        at = now - timedelta(seconds=number // 5)
        Upload.objects.filter(pk=pk).update(created_at=at)
    ordered = Upload.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    return [str(pk) for pk in ordered]


def find_older_link(page: Any) -> str | None:
    match = re.search(r'href="(/mine/before/[^"]+)"', page.text)
    return match[1] if match else None


def test_pages_list_each_upload_once(client: Client, uploads: list[str]) -> None:
    address, results, pages = "/mine", [], 0
    while address:
        page = client.get(address)
        results += list_results(page)
        pages += 1
        address = find_older_link(page) or ""
    assert (results, pages) == (uploads, 3)


def test_page_after_missing_upload_starts_with_newest(client: Client, uploads: list[str]) -> None:
    for missing in (uuid4(), create_upload_by(uuid4()).pk):
        assert list_results(client.get(f"/mine/before/{missing}")) == uploads[: history.PAGE_SIZE]


def test_full_page_takes_as_many_queries_as_one_upload(client: Client, visitor: UUID) -> None:
    get_page = partial(client.get, "/mine")
    create_upload_by(visitor)
    expected = count_queries(get_page)
    for _ in range(history.PAGE_SIZE):
        create_upload_by(visitor)
    assert count_queries(get_page) == expected
