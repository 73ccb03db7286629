import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from classifier.access import budgets
from classifier.access.throttles import AddressThrottle, UserThrottle
from classifier.models import Budget, ModelVersion, Upload
from classifier.tests import factories
from classifier.tests.pictures import Draw
from classifier.tests.threads import run_in_thread

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow two requests an hour, so that the time of a test does not count."""
    for throttle in (AddressThrottle, UserThrottle):
        monkeypatch.setattr(throttle, "requests", 2)
        monkeypatch.setattr(throttle, "seconds", HOUR)


def predict(data: bytes, address: str = HERE, **headers: str) -> int:
    response = Client().post(
        "/api/predict", data, "image/png", REMOTE_ADDR=address, headers=headers
    )
    return response.status_code


def get_wait(response: Any) -> float:
    """Return the seconds of Retry-After, rounded to minutes."""
    assert response.status_code == 429
    return round(int(response.headers["Retry-After"]), -2)


def pass_time(seconds: float) -> None:
    Budget.objects.update(full_at=F("full_at") - timedelta(seconds=seconds))


def test_third_picture_is_refused(champion: ModelVersion, draw_digit: Draw) -> None:
    assert [predict(draw_digit(7)) for _ in range(3)] == [200, 200, 429]
    assert Upload.objects.count() == 2
    assert predict(draw_digit(7), ELSEWHERE) == 200


def test_picture_is_accepted_after_its_share_of_the_time() -> None:
    assert [predict(b"no picture") for _ in range(3)] == [400, 400, 429]
    pass_time(HOUR / 2)
    assert [predict(b"no picture") for _ in range(2)] == [400, 429]


def test_refusal_is_a_problem_in_json(client: Client) -> None:
    for _ in range(2):
        client.post("/api/predict", b"no picture", "image/png")
    problem = client.post("/api/predict", b"no picture", "image/png").json()
    assert problem["code"] == "throttled"
    assert "seconds" in problem["detail"]


def test_previews_are_counted_separately(client: Client) -> None:
    for _ in range(2):
        client.post("/api/predict", b"no picture", "image/png")

    responses = [client.post("/api/preview", b"no picture", "image/png") for _ in range(3)]

    assert [response.status_code for response in responses] == [400, 400, 429]


def create_files(count: int) -> dict[str, list[SimpleUploadedFile]]:
    return {"image": [SimpleUploadedFile(f"{n}.png", b"no picture") for n in range(count)]}


def test_each_picture_of_a_request_is_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 5)

    assert client.post("/api/predict/many", create_files(3)).status_code == 200
    assert client.post("/api/predict/many", create_files(3)).status_code == 429
    assert client.post("/api/predict/many", create_files(2)).status_code == 200
    assert client.post("/predict", create_files(1)).status_code == 429


def test_each_picture_of_a_form_is_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 5)
    client.post("/predict", create_files(3))

    responses = [client.post("/api/predict", b"", "image/png") for _ in range(3)]

    assert [response.status_code for response in responses] == [400, 400, 429]


def test_retry_after_leaves_room_for_all_pictures(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 4)
    for _ in range(3):
        client.post("/api/predict", b"no picture", "image/png")

    assert get_wait(client.post("/api/predict/many", create_files(2))) == 900
    assert get_wait(client.post("/api/predict/many", create_files(4))) == 2700
    assert predict(b"no picture", "127.0.0.1") == 400


def test_more_pictures_than_the_limit_pass_if_nothing_was_counted(client: Client) -> None:
    assert client.post("/api/predict/many", create_files(5)).status_code == 200
    assert client.post("/api/predict/many", create_files(1)).status_code == 429


def test_forwarded_header_does_not_change_the_address() -> None:
    results = [predict(b"", **{"X-Forwarded-For": f"198.51.100.{last}"}) for last in range(3)]
    assert results == [400, 400, 429]


def test_pages_and_api_share_a_count(client: Client) -> None:
    image = factories.create_image()
    files = {"image": SimpleUploadedFile("a.png", b"no picture")}
    assert client.post("/predict", files).status_code == 400
    assert client.post(f"/suggest/{image.pk}", {"label": "7"}).status_code == 302
    for address, fields in (("/predict", files), (f"/suggest/{image.pk}", {"label": "7"})):
        page = client.post(address, fields)
        assert get_wait(page) == 1800
        assert "Wait a second" in page.text
    assert client.post("/api/predict", b"", "image/png").status_code == 429


def test_get_is_not_counted(client: Client) -> None:
    assert {client.get("/").status_code for _ in range(5)} == {200}


def test_users_are_counted_separately(admin_user: User, labeller: User) -> None:
    for user in (admin_user, labeller):
        client = Client()
        client.force_login(user)
        responses = [client.get(reverse("image-list")) for _ in range(3)]
        assert [response.status_code for response in responses] == [200, 200, 429]
        assert responses[-1].json()["code"] == "throttled"
        assert get_wait(responses[-1]) == 1800


def test_outsider_is_refused_before_counting(outsider: User) -> None:
    client = Client()
    client.force_login(outsider)
    assert {client.get(reverse("image-list")).status_code for _ in range(4)} == {403}


def test_visitor_within_its_share_is_served_when_others_used_up_the_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 8)
    visitors = [f"visitor={uuid4()}" for _ in range(4)]

    assert [predict(b"a script") for _ in range(9)] == [400] * 8 + [429]

    for visitor in visitors:
        assert [predict(b"a person", Cookie=visitor) for _ in range(3)] == [400, 400, 429]
    assert predict(b"a fifth person", Cookie=f"visitor={uuid4()}") == 429
    pass_time(HOUR / 8)
    assert predict(b"a script") == 429
    assert predict(b"a person", Cookie=f"visitor={uuid4()}") == 400


def test_visitor_alone_may_use_the_whole_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 8)
    cookie = f"visitor={uuid4()}"
    assert [predict(b"", Cookie=cookie) for _ in range(9)] == [400] * 8 + [429]


@pytest.mark.django_db(transaction=True)
def test_connections_share_a_budget() -> None:
    """Processes have nothing in common but the database, and neither have these connections."""
    with ThreadPoolExecutor(8) as pool:
        waits = pool.map(
            lambda _: run_in_thread(lambda: budgets.take("somebody", None, 1 / 5, HOUR)), range(16)
        )
    assert sorted(wait == 0 for wait in waits) == [False] * 11 + [True] * 5


def test_request_is_not_refused_without_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(budgets, "execute_prepared", fail)
    assert [predict(b"no picture") for _ in range(3)] == [400] * 3


def test_full_budgets_are_purged() -> None:
    predict(b"")
    pass_time(HOUR)
    predict(b"", ELSEWHERE)
    budgets.purge_full()
    assert Budget.objects.count() == 1
    assert str(Budget.objects.get()).startswith("budget, full at ")


def test_process_counts_a_twentieth_of_a_budget_for_itself() -> None:
    for _ in range(3):
        assert budgets.take("somebody", None, 1 / 60, HOUR) == 0
    assert not Budget.objects.exists()

    assert budgets.take("somebody", None, 1 / 60, HOUR) == 0

    left = Budget.objects.get().full_at - timezone.now()
    assert left.total_seconds() == pytest.approx(4 / 60 * HOUR, abs=60)


def test_uncounted_share_expires() -> None:
    budgets.uncounted["somebody", None] = 1.0, time.monotonic() - HOUR
    assert budgets.take("somebody", None, 1 / 60, HOUR) == 0
    assert budgets.uncounted["somebody", None][0] == 1 / 60


def test_number_of_owners_that_a_process_remembers_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budgets, "MAX_UNCOUNTED", 5)
    for number in range(12):
        budgets.take(f"somebody {number}", None, 1 / 60, HOUR)
    assert len(budgets.uncounted) <= 5


def test_uncounted_share_stays_while_requests_are_refused() -> None:
    budgets.take("somebody", None, 1, HOUR)
    uncounted = 0.05, time.monotonic() - 0.9 * HOUR
    budgets.uncounted["somebody", None] = uncounted

    assert budgets.take("somebody", None, 1 / 60, HOUR) > 0

    assert budgets.uncounted["somebody", None][0] == 0.05
    assert budgets.uncounted["somebody", None][1] > uncounted[1]
