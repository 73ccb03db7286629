"""Several pictures in one request, and pictures that nobody keeps."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from classifier.access.throttles import AddressThrottle
from classifier.models import InputImage, ModelVersion, Prediction, Source, Upload
from classifier.registry import serving
from classifier.tests.test_bad_input import paper, saved

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
MANY = "/api/predict/many"
# What an answer and a digit say of what is stored, and of nothing else.
STORED = ("id", "delete_key", "digits", "model")


def file(data: bytes, name: str = "digit.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def send(client: Client, *files: SimpleUploadedFile) -> Any:
    return client.post(MANY, {"image": [*files]})


def stored(settings: Settings) -> int:
    return sum(path.is_file() for path in (settings.MEDIA_ROOT / "uploads").rglob("*"))


def test_each_of_several_pictures_gets_its_answer_in_the_order_of_sending(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    sent = [file(drawn(digit), f"{digit}.png") for digit in (4, 2, 7)]

    response = send(client, *sent)

    results = response.json()["results"]
    assert response.status_code == 200
    assert [each["name"] for each in results] == ["4.png", "2.png", "7.png"]
    assert [each["answer"]["label"] for each in results] == ["4", "2", "7"]
    assert [each["problem"] for each in results] == [None, None, None]
    ids = {each["answer"]["id"] for each in results}
    assert ids == {str(pk) for pk in Upload.objects.values_list("pk", flat=True)}


def test_each_answer_is_what_the_picture_gets_alone(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    alone = client.post("/api/predict", {"image": file(drawn(7))}).json()

    [result] = send(client, file(drawn(7))).json()["results"]

    assert set(result["answer"]) == set(alone)
    assert {name: value for name, value in result["answer"].items() if name not in STORED} == {
        name: value for name, value in alone.items() if name not in STORED
    }


def test_one_that_cannot_be_read_has_a_problem_and_spoils_none_of_the_others(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    response = send(client, file(drawn(7)), file(b"hello", "a.txt"), file(drawn(2)))

    results = response.json()["results"]
    assert response.status_code == 200
    assert [each["answer"] and each["answer"]["label"] for each in results] == ["7", None, "2"]
    problem = results[1]["problem"]
    assert (problem["status"], problem["code"]) == (400, "not_an_image")
    assert problem["detail"].startswith("The file is not an image.")
    assert Upload.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (dict, "missing_field"),
        (lambda: {"image": "seven"}, "missing_field"),
        (lambda: {"picture": file(b"a")}, "missing_field"),
        (lambda: {"image": file(b"a"), "other": file(b"b")}, "missing_field"),
        (lambda: {"image": [file(b"a") for _ in range(11)]}, "too_many_files"),
    ],
)
def test_a_form_without_one_to_ten_pictures_is_one_problem(
    champion: ModelVersion, client: Client, fields: Callable[[], Any], code: str
) -> None:
    response = client.post(MANY, fields())

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["detail"].endswith(".")


def test_the_limit_is_that_of_the_whole_request(client: Client, settings: Settings) -> None:
    half = bytes(settings.MAX_UPLOAD_BYTES // 2 + 100_000)

    response = send(client, file(half), file(half))

    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_several_pictures_are_a_form_and_no_body(client: Client, drawn: Draw) -> None:
    response = client.post(MANY, drawn(7), "image/png")

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_each_picture_counts_for_the_rate_limit(
    champion: ModelVersion, client: Client, drawn: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "4/s", raising=False)
    monkeypatch.setattr(AddressThrottle, "timer", lambda _: 1000.0)
    three = [b"a", b"b", b"c"]

    said = [send(client, *map(file, three)).status_code for _ in range(2)]

    assert said == [200, 429]
    assert client.post("/api/predict", drawn(7), "image/png").status_code == 200


def test_what_fails_half_way_leaves_nothing_behind(
    champion: ModelVersion,
    client: Client,
    drawn: Draw,
    settings: Settings,
    only_one_file: list[str],
) -> None:
    response = send(client, file(drawn(7)), file(drawn(2)))

    assert (response.status_code, response.json()["code"]) == (503, "no_storage")
    assert len(only_one_file) == 2
    assert not Upload.objects.exists()
    assert stored(settings) == 0


def preview(client: Client, data: bytes) -> Any:
    return client.post("/api/preview", data, "image/png")


def test_a_preview_says_what_predicting_would_and_keeps_nothing(
    champion: ModelVersion, client: Client, drawn: Draw, settings: Settings
) -> None:
    previewed = preview(client, drawn(7)).json()
    assert not Upload.objects.exists()
    assert not InputImage.objects.exists()
    assert not Prediction.objects.exists()
    assert stored(settings) == 0

    sent = client.post("/api/predict", drawn(7), "image/png").json()
    del sent["delete_key"]
    for kept in (sent, *sent["digits"]):
        kept["id"] = None
    seen = [base64.b64decode(digit.pop("pixels")) for digit in previewed["digits"]]
    assert previewed == sent
    assert seen == [bytes(InputImage.objects.get(source=Source.API).pixels)]


def test_a_preview_asks_the_database_nothing(
    champion: ModelVersion,
    client: Client,
    drawn: Draw,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    serving.champion.get()

    with django_assert_num_queries(0):
        assert preview(client, drawn(7)).json()["label"] == "7"


def test_an_empty_drawing_is_blank(
    champion: ModelVersion, client: Client, drawn: Draw, settings: Settings
) -> None:
    answer = preview(client, saved(paper(100, 100))).json()

    assert (answer["reason"], answer["digits"], answer["id"]) == ("blank", [], None)


def test_a_preview_takes_a_file_as_well_and_refuses_what_is_no_picture(
    champion: ModelVersion, client: Client, drawn: Draw
) -> None:
    as_field = client.post("/api/preview", {"image": file(drawn(3))})
    refused = preview(client, b"hello")

    assert as_field.json()["label"] == "3"
    assert np.frombuffer(base64.b64decode(as_field.json()["digits"][0]["pixels"]), np.uint8).any()
    assert (refused.status_code, refused.json()["code"]) == (400, "not_an_image")


def test_previews_are_counted_by_themselves(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "2/s", raising=False)
    monkeypatch.setattr(AddressThrottle, "timer", lambda _: 1000.0)

    assert [preview(client, b"a").status_code for _ in range(3)] == [400, 400, 429]
    assert client.post("/api/predict", b"a", "image/png").status_code == 400
