"""A browser's own uploads: it alone sees them listed."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.access.throttles import AddressThrottle
from classifier.models import ModelVersion, Upload
from classifier.templatetags.times import ago
from classifier.tests import factories
from classifier.tests.pages import read_text
from classifier.tests.visitors import create_upload_by, list_messages, list_results, send_pictures
from classifier.uploads import history

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
A_YEAR_S = 365 * 24 * 3600


@pytest.fixture
def visitor(client: Client) -> UUID:
    """Who `client` is."""
    visitor = uuid4()
    client.cookies["visitor"] = str(visitor)
    return visitor


def test_who_only_looks_gets_no_cookie(champion: ModelVersion, client: Client) -> None:
    for address in ("/", "/mine", f"/result/{create_upload_by(uuid4()).pk}"):
        assert "visitor" not in client.get(address).cookies
    assert "visitor" not in send_pictures(client, b"no picture").cookies


def test_who_sends_a_picture_is_known_for_a_year_from_then(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    first = send_pictures(client, drawn(7)).cookies["visitor"]
    again = send_pictures(client, drawn(3)).cookies["visitor"]

    assert first["httponly"]
    assert (first["samesite"], first["secure"], first["max-age"]) == ("Lax", "", A_YEAR_S)
    assert (again.value, again["max-age"]) == (first.value, A_YEAR_S)
    assert {*Upload.objects.values_list("visitor", flat=True)} == {UUID(first.value)}


def test_over_https_the_cookie_goes_over_nothing_else(
    champion: ModelVersion, client: Client, drawn: Draw, settings: Settings
) -> None:
    settings.HTTPS = True
    assert send_pictures(client, drawn(7)).cookies["visitor"]["secure"]


@pytest.mark.parametrize("value", ["", "me", "1' OR 1=1", "x" * 5000])
def test_a_cookie_that_nobody_here_has_made_is_none(
    champion: ModelVersion, client: Client, drawn: Draw, value: str
) -> None:
    create_upload_by(None)
    client.cookies["visitor"] = value
    assert list_results(client.get("/mine")) == []
    assert UUID(send_pictures(client, drawn(7)).cookies["visitor"].value)


def test_a_program_s_upload_is_no_browser_s(
    champion: ModelVersion, client: Client, drawn: Draw, visitor: UUID
) -> None:
    client.post("/api/predict", drawn(7), content_type="image/png")
    assert Upload.objects.get().visitor is None


def test_several_pictures_are_read_at_once_and_lead_to_the_list(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    response = send_pictures(client, *map(drawn, (1, 2, 3)))
    assert (response.status_code, response.headers["Location"]) == (302, "/mine")

    page = client.get("/mine")
    assert list_messages(page) == ["3 pictures have been read."]
    assert re.findall(r"<strong[^>]*>(.*?)</strong>", page.content.decode()) == ["3", "2", "1"]


def test_those_that_are_no_pictures_are_named_and_spoil_nothing(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    send_pictures(client, b"hello", drawn(7), b"")
    page = client.get("/mine")
    assert list_messages(page)[0] == "1 picture has been read."
    assert [said.split(":")[0] for said in list_messages(page)[1:]] == ["1.png", "3.png"]
    assert len(list_results(page)) == Upload.objects.count() == 1


def test_where_none_is_a_picture_the_first_page_says_why_of_each(
    champion: ModelVersion, client: Client
) -> None:
    response = send_pictures(client, b"%PDF-1.7", b"hello")
    assert response.status_code == 415
    assert len(list_messages(response)) == 2
    assert "visitor" not in response.cookies


def test_more_than_ten_are_too_many(client: Client, champion: ModelVersion, drawn: Draw) -> None:
    assert send_pictures(client, *[drawn(7)] * 11).status_code == 400
    assert not Upload.objects.exists()


def test_each_picture_counts(
    champion: ModelVersion, client: Client, drawn: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "4/h", raising=False)
    answers = [send_pictures(client, drawn(7), drawn(3)).status_code for _ in range(3)]
    assert answers == [302, 302, 429]
    assert Upload.objects.count() == 4


def test_the_list_has_what_this_browser_sent_newest_first(client: Client, visitor: UUID) -> None:
    older, newer = create_upload_by(visitor), create_upload_by(visitor)
    create_upload_by(uuid4())
    create_upload_by(None)

    page = client.get("/mine")

    assert list_results(page) == [str(newer.pk), str(older.pk)]
    assert f'src="/upload/{newer.pk}.jpg"' in page.content.decode()
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("verdict", "said"), [("unsure", "? not sure, perhaps 7"), ("not_a_digit", "? not a digit")]
)
def test_an_answer_that_is_no_digit_is_told_in_words(
    client: Client, visitor: UUID, verdict: str, said: str
) -> None:
    create_upload_by(visitor, verdict=verdict, label="unknown", reason="unlike_any_digit")
    assert said in read_text(client, "/mine")


def test_a_blank_picture_is_told_to_be_one(client: Client, visitor: UUID) -> None:
    factories.create_upload(visitor=visitor)
    assert "? nothing written" in read_text(client, "/mine")


def test_who_has_sent_nothing_is_told_what_the_page_is_for(client: Client) -> None:
    page = client.get("/mine").content.decode()
    assert "Nothing here yet" in page
    assert "Delete" not in page


@pytest.fixture
def many(visitor: UUID) -> list[str]:
    """Two pages and one more, newest first; some were sent at the very same time."""
    ids = [create_upload_by(visitor).pk for _ in range(2 * history.PAGE_SIZE + 1)]
    now = timezone.now()
    for number, pk in enumerate(ids):
        at = now - timedelta(seconds=number // 5)
        Upload.objects.filter(pk=pk).update(created_at=at)
    ordered = Upload.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    return [str(pk) for pk in ordered]


def older_than(page: Any) -> str | None:
    found = re.search(r'href="(/mine/before/[^"]+)"', page.content.decode())
    return found[1] if found else None


def test_pages_follow_each_other_without_gap_or_repetition(client: Client, many: list[str]) -> None:
    address, found, pages = "/mine", [], 0
    while address:
        page = client.get(address)
        found += list_results(page)
        pages += 1
        address = older_than(page) or ""
    assert (found, pages) == (many, 3)


def test_a_page_goes_on_after_what_is_no_more_from_the_newest(
    client: Client, many: list[str]
) -> None:
    for gone in (uuid4(), create_upload_by(uuid4()).pk):
        assert list_results(client.get(f"/mine/before/{gone}")) == many[: history.PAGE_SIZE]


def test_a_full_page_costs_as_many_queries_as_one_picture(client: Client, visitor: UUID) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/mine")
        return len(captured)

    create_upload_by(visitor)
    of_one = queries()
    for _ in range(history.PAGE_SIZE):
        create_upload_by(visitor)
    assert queries() == of_one


def test_times_are_told_as_people_do() -> None:
    now = timezone.now()
    assert ago(now) == "just now"
    assert ago(now - timedelta(minutes=3, seconds=5)) == "3\xa0minutes ago"
    assert ago(now - timedelta(days=400)) == "1\xa0year ago"
