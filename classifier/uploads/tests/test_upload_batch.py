"""A file is deleted only if the transaction of its row certainly did not commit."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg.errors
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import IdempotencyRecord, ModelVersion, Source, Upload
from classifier.tests import faults
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw
from classifier.tests.proxy import CuttingProxy, connect_through_proxy
from classifier.uploads import orphans, submission
from classifier.uploads.insertion import insert_rows
from classifier.uploads.storage import DurableStorage
from classifier.uploads.upload_batch import open_batch

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
def proxy(champion: ModelVersion) -> Iterator[CuttingProxy]:
    with connect_through_proxy() as proxy:
        yield proxy


def list_names(settings: Settings) -> set[str]:
    return {str(path.relative_to(settings.MEDIA_ROOT)) for path in list_stored_files(settings)}


def send_picture(client: Client, draw: Draw) -> Any:
    return client.post("/api/predict", draw(7), "image/png")


def send_with_key(client: Client, draw: Draw) -> Any:
    return client.post("/api/predict", draw(7), "image/png", headers=KEY)


def send_two_pictures(client: Client, draw: Draw) -> Any:
    files = [SimpleUploadedFile(f"{digit}.png", draw(digit)) for digit in (2, 7)]
    return client.post("/api/predict/many", {"image": files})


@pytest.mark.parametrize(
    ("send", "tag", "count"),
    [
        (send_picture, b"INSERT 0 1", 1),
        (send_with_key, b"COMMIT", 1),
        (send_two_pictures, b"COMMIT", 2),
    ],
    ids=["one statement", "idempotency key", "batch"],
)
def test_files_stay_when_the_connection_is_cut_after_the_commit(
    proxy: CuttingProxy,
    own_media: None,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[Client, Draw], Any],
    tag: bytes,
    count: int,
) -> None:
    connection.ensure_connection()
    proxy.tag = tag

    response = send(client, draw_digit)

    assert proxy.has_cut
    assert (response.status_code, response.json()["code"]) == (503, "no_database")
    proxy.tag = None
    connection.close()
    names = set(Upload.objects.values_list("file", flat=True))
    assert len(names) == count, "the server had committed"
    assert list_names(settings) == names
    monkeypatch.setattr(orphans, "ORPHAN_AFTER", timedelta(0))
    assert orphans.remove_orphans() == 0


def test_answer_lost_with_the_connection_is_replayed(
    proxy: CuttingProxy, client: Client, draw_digit: Draw
) -> None:
    connection.ensure_connection()
    proxy.tag = b"COMMIT"
    send_with_key(client, draw_digit)
    proxy.tag = None
    connection.close()

    answer = send_with_key(client, draw_digit)

    assert answer.headers["Idempotency-Replayed"] == "true"
    assert Upload.objects.get().pk.hex == answer.json()["id"].replace("-", "")
    assert IdempotencyRecord.objects.count() == 1


def test_no_file_is_written_while_the_database_is_away(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    submission.classify_picture(draw_digit(7), Source.API)
    earlier_files = list_names(settings)
    saved: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(DurableStorage, "_save", lambda _, name, __: saved.append(name))
        patched.setattr(connection, "ensure_connection", refuse)
        response = send_picture(client, draw_digit)

    assert response.json()["code"] == "no_database"
    assert (saved, list_names(settings)) == ([], earlier_files)


@pytest.mark.parametrize("send", [send_picture, send_two_pictures])
def test_files_are_deleted_when_the_database_disk_is_full(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[Client, Draw], Any],
) -> None:
    send_picture(client, draw_digit)
    earlier_files = list_names(settings)
    with monkeypatch.context() as patched:
        faults.break_cursors(patched, psycopg.errors.DiskFull("could not extend file"))
        response = send(client, draw_digit)

    assert (response.status_code, response.json()["code"]) == (507, "database_full")
    assert response.headers["Retry-After"] == "60"
    assert list_names(settings) == earlier_files


def test_rolled_back_batch_deletes_each_file_once(
    champion: ModelVersion, draw_digit: Draw, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []
    delete = DurableStorage.delete

    def record(storage: DurableStorage, name: str) -> None:
        deleted.append(name)
        delete(storage, name)

    def fail_after_two_uploads() -> None:
        with open_batch() as batch, open_batch(batch) as joined:
            submission.classify_picture(draw_digit(7), Source.API, batch=joined)
            submission.classify_pictures([draw_digit(2)], Source.API, batch=joined)
            stored.extend(list_names(settings))
            raise RuntimeError

    stored: list[str] = []
    monkeypatch.setattr(DurableStorage, "delete", record)
    with pytest.raises(RuntimeError):
        fail_after_two_uploads()

    assert len(stored) == 2
    assert sorted(deleted) == sorted(stored)
    assert not list_names(settings)
    assert not Upload.objects.exists()


def test_connection_lost_before_the_commit_leaves_no_file(
    champion: ModelVersion, draw_digit: Draw, settings: Settings
) -> None:
    def lose_connection() -> None:
        with open_batch() as batch, connection.cursor() as cursor:
            submission.classify_picture(draw_digit(7), Source.API, batch=batch)
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        lose_connection()

    connection.close()
    assert not Upload.objects.exists()
    assert not list_names(settings)


def test_failure_after_the_commit_leaves_the_file(
    champion: ModelVersion, draw_digit: Draw, settings: Settings
) -> None:
    def fail() -> None:
        raise RuntimeError

    def fail_after_commit() -> None:
        with open_batch() as batch:
            submission.classify_picture(draw_digit(7), Source.API, batch=batch)
            transaction.on_commit(fail)

    with pytest.raises(RuntimeError):
        fail_after_commit()

    assert list_names(settings) == {str(Upload.objects.get().file.name)}


def test_worker_stopped_during_the_commit_leaves_the_file(
    champion: ModelVersion, draw_digit: Draw, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gunicorn raises SystemExit in a process that hangs."""

    def exit_after_commit(*tables: Any) -> None:
        insert_rows(*tables)
        raise SystemExit(1)

    monkeypatch.setattr("classifier.uploads.upload_batch.insert_rows", exit_after_commit)

    with pytest.raises(SystemExit):
        submission.classify_picture(draw_digit(7), Source.API)

    assert list_names(settings) == {str(Upload.objects.get().file.name)}


def test_error_of_the_storage_does_not_hide_the_error_of_the_batch(
    champion: ModelVersion, draw_digit: Draw, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_without_storage() -> None:
        with open_batch() as batch:
            submission.classify_picture(draw_digit(7), Source.API, batch=batch)
            settings.MEDIA_ROOT.rename(settings.MEDIA_ROOT.with_name("unmounted"))
            raise IntegrityError("the first")

    with pytest.raises(IntegrityError, match="the first"):
        fail_without_storage()

    assert "1 stored files could not be deleted" in caplog.text
