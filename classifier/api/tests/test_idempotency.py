import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from classifier import tasks
from classifier.models import IdempotencyRecord, ModelVersion, Upload
from classifier.registry import serving
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def predict(client: Client, data: bytes, key: str = KEY) -> Any:
    return client.post("/api/predict", data, "image/png", headers={"Idempotency-Key": key})


def predict_many(client: Client, *pictures: bytes, key: str = KEY) -> Any:
    files = [SimpleUploadedFile(f"{n}.png", data) for n, data in enumerate(pictures)]
    return client.post("/api/predict/many", {"image": files}, headers={"Idempotency-Key": key})


def get_replayed(response: Any) -> str | None:
    answer: str | None = response.headers.get("Idempotency-Replayed")
    return answer


@pytest.mark.parametrize("send", [predict, predict_many])
def test_repeated_request_is_replayed(
    champion: ModelVersion, client: Client, draw_digit: Draw, send: Any
) -> None:
    first, second = send(client, draw_digit(7)), send(client, draw_digit(7))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert (get_replayed(first), get_replayed(second)) == (None, "true")
    assert Upload.objects.count() == 1


def test_key_of_another_address_is_another_request(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    mine = predict(client, draw_digit(7)).json()
    client.defaults["REMOTE_ADDR"] = "203.0.113.7"
    theirs = predict(client, draw_digit(7)).json()

    assert (theirs["id"], theirs["delete_key"]) != (mine["id"], mine["delete_key"])
    assert Upload.objects.count() == 2


def test_other_key_is_another_request(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    ids = {predict(client, draw_digit(7), key).json()["id"] for key in (KEY, KEY[::-1])}

    assert len(ids) == Upload.objects.count() == 2


def test_body_and_field_are_the_same_request(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    field = {"image": SimpleUploadedFile("a.png", draw_digit(7))}
    first = client.post("/api/predict", field, headers={"Idempotency-Key": KEY})

    assert get_replayed(predict(client, draw_digit(7))) == "true"
    assert predict(client, draw_digit(7)).json() == first.json()


def test_reused_key_is_refused(champion: ModelVersion, client: Client, draw_digit: Draw) -> None:
    first = predict(client, draw_digit(7))

    for response in (predict(client, draw_digit(2)), predict_many(client, draw_digit(7))):
        assert response.status_code == 422
        assert response.json()["code"] == "idempotency_key_reused"
        assert response.json()["detail"] == (
            "This Idempotency-Key was sent with another request before. Send a new key with each "
            "new request."
        )
    assert predict(client, draw_digit(7)).json() == first.json()
    assert Upload.objects.count() == 1


@pytest.mark.parametrize(
    "key", ["", "fifteen chars: x", "a" * 256, "sixteen letters\x7f", "é" * 20]
)
def test_malformed_key_is_refused(
    champion: ModelVersion, client: Client, draw_digit: Draw, key: str
) -> None:
    response = predict(client, draw_digit(7), key[:15] if key.startswith("fifteen") else key)

    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_malformed"
    assert not Upload.objects.exists()


@pytest.mark.parametrize("key", ["a" * 16, "~" * 255, "with spaces, too"])
def test_printable_key_is_accepted(
    champion: ModelVersion, client: Client, draw_digit: Draw, key: str
) -> None:
    assert [get_replayed(predict(client, draw_digit(7), key)) for _ in range(2)] == [None, "true"]


def test_error_is_not_recorded(champion: ModelVersion, client: Client, draw_digit: Draw) -> None:
    assert predict(client, b"hello").json()["code"] == "not_an_image"
    assert not IdempotencyRecord.objects.exists()

    assert predict(client, draw_digit(7)).json()["label"] == "7"


def test_nothing_is_recorded_without_model(client: Client, draw_digit: Draw) -> None:
    assert predict(client, draw_digit(7)).status_code == 503
    assert not IdempotencyRecord.objects.exists()


def test_problem_of_one_picture_is_replayed(
    champion: ModelVersion, client: Client, draw_digit: Draw
) -> None:
    first, second = (predict_many(client, draw_digit(7), b"hello") for _ in range(2))

    assert first.json()["results"][1]["problem"]["code"] == "not_an_image"
    assert first.content == second.content
    assert Upload.objects.count() == 1


def test_deleted_result_is_gone(champion: ModelVersion, client: Client, draw_digit: Draw) -> None:
    answer = predict(client, draw_digit(7)).json()
    deletion.delete_uploads([answer["id"]])

    response = predict(client, draw_digit(7))

    assert (response.status_code, response.json()["code"]) == (410, "answer_gone")
    assert response.json()["detail"] == (
        "The result of this request has been deleted since. To send the picture again, use "
        "another Idempotency-Key."
    )
    assert not Upload.objects.exists()


def test_record_holds_no_secret(champion: ModelVersion, client: Client, draw_digit: Draw) -> None:
    delete_key = predict(client, draw_digit(7)).json()["delete_key"]

    record = IdempotencyRecord.objects.get()

    assert KEY not in record.key
    assert "delete_key" not in json.loads(record.content["text"])
    assert delete_key not in record.content["text"]


def test_nothing_is_stored_if_record_fails(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: Any) -> None:
        raise ValueError("no")

    monkeypatch.setattr(IdempotencyRecord.objects, "create", fail)

    with pytest.raises(ValueError, match="no"):
        predict(client, draw_digit(7))

    assert not Upload.objects.exists()
    assert not list_stored_files(settings)


def test_request_without_key_takes_one_statement(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    serving.champion.get()

    # The one statement bypasses the counter.
    with django_assert_num_queries(0):
        assert client.post("/api/predict", draw_digit(7), "image/png").status_code == 200
    assert not IdempotencyRecord.objects.exists()


def test_records_are_purged_after_a_day() -> None:
    now = timezone.now()
    for hours in (1, 23, 25, 26, 27):
        record = IdempotencyRecord.objects.create(key=str(hours), sha256="", content={})
        created_at = now - timedelta(hours=hours)
        IdempotencyRecord.objects.filter(pk=record.pk).update(created_at=created_at)

    tasks.purge_idempotency_records(0)

    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"1", "23"}
