"""Tests of the limits of requests by address and user."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from classifier.access.throttles import AddressThrottle, UserThrottle
from classifier.models import ModelVersion, Upload
from classifier.tests import factories

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow two requests a second and stop the clock."""
    for throttle in (AddressThrottle, UserThrottle):
        monkeypatch.setattr(throttle, "rate", "2/s", raising=False)
        monkeypatch.setattr(throttle, "timer", lambda _: 1000.0)


def predict(data: bytes, address: str = HERE, **headers: str) -> tuple[int, str | None]:
    response = Client().post(
        "/api/predict", data, "image/png", REMOTE_ADDR=address, headers=headers
    )
    return response.status_code, response.headers.get("Retry-After")


def test_third_picture_within_a_second_is_refused(champion: ModelVersion, draw_digit: Draw) -> None:
    results = [predict(draw_digit(7)) for _ in range(3)]
    assert results == [(200, None), (200, None), (429, "1")]
    assert Upload.objects.count() == 2
    assert predict(draw_digit(7), ELSEWHERE) == (200, None)


def test_picture_is_accepted_a_second_later(
    champion: ModelVersion, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [predict(draw_digit(7))[0] for _ in range(3)] == [200, 200, 429]
    monkeypatch.setattr(AddressThrottle, "timer", lambda _: 1001.0)
    assert predict(draw_digit(7)) == (200, None)


def test_refusal_is_a_problem_in_json(client: Client) -> None:
    for _ in range(2):
        client.post("/api/predict", b"no picture", "image/png")
    problem = client.post("/api/predict", b"no picture", "image/png").json()
    assert problem["code"] == "throttled"
    assert "1 second" in problem["detail"]


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
    monkeypatch.setattr(AddressThrottle, "rate", "5/s")

    assert client.post("/api/predict/many", create_files(3)).status_code == 200
    assert client.post("/api/predict/many", create_files(3)).status_code == 429
    assert client.post("/api/predict/many", create_files(2)).status_code == 200
    assert client.post("/predict", create_files(1)).status_code == 429


def test_each_picture_of_a_form_is_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "5/s")
    client.post("/predict", create_files(3))

    responses = [client.post("/api/predict", b"", "image/png") for _ in range(3)]

    assert [response.status_code for response in responses] == [400, 400, 429]


def test_retry_after_leaves_room_for_all_pictures(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "3/m")
    for second in (0, 10, 20):
        monkeypatch.setattr(AddressThrottle, "timer", lambda _, at=second: 1000.0 + at)
        client.post("/api/predict", b"no picture", "image/png")

    assert client.post("/api/predict", b"", "image/png").headers["Retry-After"] == "40"
    assert client.post("/api/predict/many", create_files(2)).headers["Retry-After"] == "50"


def test_more_pictures_than_the_limit_pass_if_nothing_was_counted(client: Client) -> None:
    assert client.post("/api/predict/many", create_files(5)).status_code == 200
    assert client.post("/api/predict/many", create_files(1)).status_code == 429


def test_forwarded_header_does_not_change_the_address() -> None:
    results = [predict(b"", **{"X-Forwarded-For": f"198.51.100.{last}"}) for last in range(3)]
    assert [status for status, _ in results] == [400, 400, 429]


def test_pages_and_api_share_a_count(client: Client) -> None:
    image = factories.create_image()
    files = {"image": SimpleUploadedFile("a.png", b"no picture")}
    assert client.post("/predict", files).status_code == 400
    assert client.post(f"/suggest/{image.pk}", {"label": "7"}).status_code == 302
    for address, fields in (("/predict", files), (f"/suggest/{image.pk}", {"label": "7"})):
        page = client.post(address, fields)
        assert (page.status_code, page.headers["Retry-After"]) == (429, "1")
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
        assert responses[-1].headers["Retry-After"] == "1"


def test_outsider_is_refused_before_counting(outsider: User) -> None:
    client = Client()
    client.force_login(outsider)
    assert {client.get(reverse("image-list")).status_code for _ in range(4)} == {403}
