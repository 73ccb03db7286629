import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from classifier.models import InputImage, ModelVersion, Prediction, Source, Upload
from classifier.registry import serving
from classifier.tests.faults import break_storage_after_one_file
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw, create_paper, encode_picture

pytestmark = pytest.mark.django_db

MANY = "/api/predict/many"
DATABASE_FIELDS = ("id", "delete_key", "digits", "model")


def build_file(data: bytes, name: str = "digit.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def send_pictures(client: Client, *files: SimpleUploadedFile) -> Any:
    return client.post(MANY, {"image": [*files]})


def test_answers_are_in_order_of_files(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    files = [build_file(draw_digit(digit), f"{digit}.png") for digit in (4, 2, 7)]

    response = send_pictures(client, *files)

    results = response.json()["results"]
    assert response.status_code == 200
    assert [each["name"] for each in results] == ["4.png", "2.png", "7.png"]
    assert [each["answer"]["label"] for each in results] == ["4", "2", "7"]
    assert [each["problem"] for each in results] == [None, None, None]
    ids = {each["answer"]["id"] for each in results}
    assert ids == {str(pk) for pk in Upload.objects.values_list("pk", flat=True)}


def test_answer_equals_answer_to_single_picture(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    alone = client.post("/api/predict", {"image": build_file(draw_digit(7))}).json()

    [result] = send_pictures(client, build_file(draw_digit(7))).json()["results"]

    assert set(result["answer"]) == set(alone)
    assert {
        name: value for name, value in result["answer"].items() if name not in DATABASE_FIELDS
    } == {name: value for name, value in alone.items() if name not in DATABASE_FIELDS}


def test_unreadable_picture_has_problem_and_others_are_read(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    response = send_pictures(
        client, build_file(draw_digit(7)), build_file(b"hello", "a.txt"), build_file(draw_digit(2))
    )

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
        (lambda: {"picture": build_file(b"a")}, "missing_field"),
        (lambda: {"image": build_file(b"a"), "other": build_file(b"b")}, "missing_field"),
        (lambda: {"image": [build_file(b"a") for _ in range(11)]}, "too_many_files"),
    ],
)
def test_form_needs_1_to_10_pictures(
    champion: ModelVersion, client: Client, fields: Callable[[], Any], code: str
) -> None:
    response = client.post(MANY, fields())

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["detail"].endswith(".")


def test_size_limit_applies_to_whole_request(client: Client, settings: Settings) -> None:
    half = bytes(settings.MAX_UPLOAD_BYTES // 2 + 100_000)

    response = send_pictures(client, build_file(half), build_file(half))

    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_body_is_rejected(client: Client, draw_digit: Draw) -> None:
    response = client.post(MANY, draw_digit(7), "image/png")

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_failed_request_stores_nothing(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = break_storage_after_one_file(monkeypatch)

    response = send_pictures(client, build_file(draw_digit(7)), build_file(draw_digit(2)))

    assert (response.status_code, response.json()["code"]) == (503, "no_storage")
    assert len(names) == 2
    assert not Upload.objects.exists()
    assert list_stored_files(settings) == []


def send_preview(client: Client, data: bytes) -> Any:
    return client.post("/api/preview", data, "image/png")


def test_preview_equals_answer_and_stores_nothing(
    champion: ModelVersion, client: Client, draw_digit: Draw, settings: Settings
) -> None:
    preview = send_preview(client, draw_digit(7)).json()
    assert not Upload.objects.exists()
    assert not InputImage.objects.exists()
    assert not Prediction.objects.exists()
    assert list_stored_files(settings) == []

    answer = client.post("/api/predict", draw_digit(7), "image/png").json()
    del answer["delete_key"]
    for item in (answer, *answer["digits"]):
        item["id"] = None
    pixels = [base64.b64decode(digit.pop("pixels")) for digit in preview["digits"]]
    assert preview == answer
    assert pixels == [bytes(InputImage.objects.get(source=Source.API).pixels)]


def test_preview_makes_no_queries(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    serving.champion.get()

    with django_assert_num_queries(0):
        assert send_preview(client, draw_digit(7)).json()["label"] == "7"


def test_empty_drawing_is_blank(
    champion: ModelVersion, client: Client, draw_digit: Draw, settings: Settings
) -> None:
    answer = send_preview(client, encode_picture(create_paper(100, 100))).json()

    assert (answer["reason"], answer["digits"], answer["id"]) == ("blank", [], None)


def test_preview_accepts_form_field_and_rejects_other_files(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    as_field = client.post("/api/preview", {"image": build_file(draw_digit(3))})
    rejected = send_preview(client, b"hello")

    assert as_field.json()["label"] == "3"
    assert np.frombuffer(base64.b64decode(as_field.json()["digits"][0]["pixels"]), np.uint8).any()
    assert (rejected.status_code, rejected.json()["code"]) == (400, "not_an_image")
