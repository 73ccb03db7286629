"""Simultaneous requests with one Idempotency-Key, and one that is cut off."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.access.throttles import AddressThrottle
from classifier.models import IdempotencyRecord, InputImage, ModelVersion, Prediction, Upload
from classifier.tests.pictures import Draw
from classifier.tests.threads import run_in_thread
from classifier.uploads import orphans

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 50
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture(autouse=True)
def _disable_throttle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 1000)


def run_at_once(send: Callable[[int], Any], count: int = AT_ONCE) -> list[Any]:
    ready = Barrier(count)

    def run_one(number: int) -> Any:
        ready.wait()
        return run_in_thread(send, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run_one, range(count)))


def predict(data: bytes) -> Any:
    return Client().post("/api/predict", data, "image/png", headers=KEY)


def test_equal_requests_make_one_upload(
    champion: ModelVersion, draw_digit: Draw, settings: Settings
) -> None:
    picture = draw_digit(7)

    responses = run_at_once(lambda _: predict(picture))

    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    replayed = [response.headers.get("Idempotency-Replayed") for response in responses]
    assert (replayed.count(None), replayed.count("true")) == (1, AT_ONCE - 1)
    for model in (Upload, InputImage, Prediction, IdempotencyRecord):
        assert model.objects.count() == 1
    (stored,) = (settings.MEDIA_ROOT / "uploads").glob("*/*")
    assert stored.name == responses[0].json()["id"]


def test_different_requests_with_one_key_are_refused(
    champion: ModelVersion, draw_digit: Draw
) -> None:
    pictures = [draw_digit(7, which) for which in range(8)]

    responses = run_at_once(lambda number: predict(pictures[number]), count=8)

    assert sorted(response.status_code for response in responses) == [200, *[422] * 7]
    assert Upload.objects.count() == IdempotencyRecord.objects.count() == 1


def test_request_is_repeated_after_lost_connection(
    champion: ModelVersion, own_media: None, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_connection(**_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patched:
        patched.setattr(IdempotencyRecord.objects, "create", lose_connection)
        assert predict(draw_digit(7)).json()["code"] == "no_database"
    connection.close()
    assert not Upload.objects.exists()

    answer = predict(draw_digit(7))

    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (200, None)
    # COMMIT was never sent, so the file of the first has been deleted.
    monkeypatch.setattr(orphans, "ORPHAN_AFTER", timedelta(0))
    assert orphans.remove_orphans() == 0
    assert Upload.objects.get().file.size == len(draw_digit(7))
