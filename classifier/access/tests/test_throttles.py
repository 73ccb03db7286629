"""One address gets so much a second, one member of staff so much; and is told to wait."""

from collections.abc import Callable
from typing import Any

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
    """Two a second, and no second ever passes."""
    for throttle in (AddressThrottle, UserThrottle):
        monkeypatch.setattr(throttle, "rate", "2/s", raising=False)
        monkeypatch.setattr(throttle, "timer", lambda _: 1000.0)


def predict(data: bytes, address: str = HERE, **headers: str) -> tuple[int, str | None]:
    response = Client().post(
        "/api/predict", data, "image/png", REMOTE_ADDR=address, headers=headers
    )
    return response.status_code, response.headers.get("Retry-After")


def test_the_third_picture_within_a_second_has_to_wait(champion: ModelVersion, drawn: Draw) -> None:
    said = [predict(drawn(7)) for _ in range(3)]
    assert said == [(200, None), (200, None), (429, "1")]
    assert Upload.objects.count() == 2
    assert predict(drawn(7), ELSEWHERE) == (200, None)


def test_a_second_later_it_goes_on(
    champion: ModelVersion, drawn: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [predict(drawn(7))[0] for _ in range(3)] == [200, 200, 429]
    monkeypatch.setattr(AddressThrottle, "timer", lambda _: 1001.0)
    assert predict(drawn(7)) == (200, None)


def test_a_program_is_told_in_json(client: Client) -> None:
    for _ in range(2):
        client.post("/api/predict", b"no picture", "image/png")
    said = client.post("/api/predict", b"no picture", "image/png").json()
    assert said["code"] == "throttled"
    assert "1 second" in said["detail"]


def limits(response: Any) -> list[str | None]:
    names = ("RateLimit-Policy", "RateLimit", "Retry-After")
    return [response.headers.get(name) for name in names]


def test_each_answer_tells_what_is_left(client: Client) -> None:
    said = [client.post("/api/predict", b"no picture", "image/png") for _ in range(3)]

    policy = '"predict";q=2;w=1'
    assert list(map(limits, said)) == [
        [policy, '"predict";r=1;t=1', None],
        [policy, '"predict";r=0;t=1', None],
        [policy, '"predict";r=0;t=1', "1"],
    ]


def test_previews_are_a_count_of_their_own(client: Client) -> None:
    for _ in range(2):
        client.post("/api/predict", b"no picture", "image/png")

    said = [client.post("/api/preview", b"no picture", "image/png") for _ in range(3)]

    assert [each.status_code for each in said] == [400, 400, 429]
    assert limits(said[0])[:2] == ['"preview";q=2;w=1', '"preview";r=1;t=1']


def several(count: int) -> dict[str, list[SimpleUploadedFile]]:
    return {"image": [SimpleUploadedFile(f"{n}.png", b"no picture") for n in range(count)]}


def test_of_several_pictures_at_once_each_is_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "5/s")

    assert limits(client.post("/api/predict/many", several(3)))[1] == '"predict";r=2;t=1'
    refused = client.post("/api/predict/many", several(3))
    assert (refused.status_code, limits(refused)[1]) == (429, '"predict";r=2;t=1')
    assert client.post("/api/predict/many", several(2)).status_code == 200
    assert client.post("/predict", several(1)).status_code == 429


def test_so_is_each_that_a_page_sends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "5/s")
    client.post("/predict", several(3))

    assert limits(client.post("/api/predict", b"", "image/png"))[1] == '"predict";r=1;t=1'


def test_several_wait_until_there_is_room_for_all_of_them(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "3/m")
    for second in (0, 10, 20):
        monkeypatch.setattr(AddressThrottle, "timer", lambda _, at=second: 1000.0 + at)
        client.post("/api/predict", b"no picture", "image/png")

    assert client.post("/api/predict", b"", "image/png").headers["Retry-After"] == "40"
    assert client.post("/api/predict/many", several(2)).headers["Retry-After"] == "50"


def test_more_than_are_ever_allowed_pass_when_nothing_was_before(client: Client) -> None:
    assert client.post("/api/predict/many", several(5)).status_code == 200
    assert client.post("/api/predict/many", several(1)).status_code == 429


def test_a_spoofed_address_is_the_same_address() -> None:
    said = [predict(b"", **{"X-Forwarded-For": f"198.51.100.{last}"})[0] for last in range(3)]
    assert said == [400, 400, 429]


def test_pages_and_api_are_one_count(client: Client) -> None:
    image = factories.create_image()
    sent = {"image": SimpleUploadedFile("a.png", b"no picture")}
    assert client.post("/predict", sent).status_code == 400
    assert client.post(f"/suggest/{image.pk}", {"label": "7"}).status_code == 302
    for address, fields in (("/predict", sent), (f"/suggest/{image.pk}", {"label": "7"})):
        page = client.post(address, fields)
        assert (page.status_code, page.headers["Retry-After"]) == (429, "1")
        assert "Wait a second" in page.text
    assert client.post("/api/predict", b"", "image/png").status_code == 429


def test_looking_is_not_counted(client: Client) -> None:
    assert {client.get("/").status_code for _ in range(5)} == {200}


def test_staff_are_counted_each_by_themselves(admin_user: User, labeller: User) -> None:
    for user in (admin_user, labeller):
        client = Client()
        client.force_login(user)
        said = [client.get(reverse("image-list")) for _ in range(3)]
        assert [each.status_code for each in said] == [200, 200, 429]
        assert said[-1].json()["code"] == "throttled"
        policy = '"user";q=2;w=1'
        assert limits(said[0]) == [policy, '"user";r=1;t=1', None]
        assert limits(said[-1]) == [policy, '"user";r=0;t=1', "1"]


def test_an_outsider_is_refused_before_anything_is_counted(outsider: User) -> None:
    client = Client()
    client.force_login(outsider)
    assert {client.get(reverse("image-list")).status_code for _ in range(4)} == {403}
