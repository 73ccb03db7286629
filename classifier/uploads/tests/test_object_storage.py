"""Uploads in a bucket, and a bucket that is away."""

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from functools import partialmethod
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Upload
from classifier.tests.commands import run_python
from classifier.tests.pictures import Draw
from classifier.uploads import media_store, orphans
from classifier.uploads.object_storage import ObjectStorage
from classifier.uploads.storage import NoStorage

if TYPE_CHECKING:
    from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.slow

BUCKET = "uploads-of-the-test"
KEYS = {"access_key": "key", "secret_key": "hush"}
SITE = os.environ | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> "Iterator[ThreadedMotoServer]":
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer
    from werkzeug.serving import BaseWSGIServer

    # Half a second otherwise, which is how long a server takes to stop.
    serve = partialmethod(BaseWSGIServer.serve_forever, poll_interval=0.01)
    monkeypatch.setattr(BaseWSGIServer, "serve_forever", serve)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    s3_backends.reset()  # one memory for all servers of a process
    yield server
    server.stop()


@pytest.fixture
def bucket(service: "ThreadedMotoServer", settings: Settings) -> Any:
    """The bucket of uploads, with its owner's access."""
    host, port = service.get_host_and_port()
    use_bucket(settings, f"http://{host}:{port}")
    owner = boto3.resource(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="owner",
        aws_secret_access_key="of the bucket",
    )
    return owner.create_bucket(Bucket=BUCKET)


def use_bucket(settings: Settings, endpoint: str) -> None:
    options = {"bucket_name": BUCKET, "region_name": "us-east-1", "endpoint_url": endpoint, **KEYS}
    stored = {"BACKEND": "classifier.uploads.object_storage.ObjectStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": stored}


def list_keys(bucket: Any) -> list[str]:
    return [item.key for item in bucket.objects.all()]


def send_picture(client: Client, picture: bytes) -> Any:
    return client.post("/api/predict", picture, content_type="image/png")


def test_upload_is_stored_privately(
    bucket: Any, client: Client, champion: ModelVersion, draw_digit: Draw
) -> None:
    answer = send_picture(client, draw_digit(7)).json()

    (stored,) = bucket.objects.all()
    assert stored.key == Upload.objects.get(pk=answer["id"]).file.name
    assert stored.get()["Body"].read() == draw_digit(7)
    grants = stored.Acl().grants
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
    assert "URI" not in grants[0]["Grantee"], "all users, or all of Amazon's"


def test_preview_is_served(
    bucket: Any, client: Client, champion: ModelVersion, draw_digit: Draw
) -> None:
    answer = send_picture(client, draw_digit(7)).json()

    preview = client.get(f"/upload/{answer['id']}.jpg")
    assert (preview.status_code, preview["Content-Type"]) == (200, "image/jpeg")


def test_failed_upload_leaves_no_object(
    bucket: Any,
    client: Client,
    champion: ModelVersion,
    draw_digit: Draw,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise IntegrityError("no rows")

    monkeypatch.setattr("classifier.uploads.upload_batch.insert_rows", refuse)
    with pytest.raises(IntegrityError, match="no rows"):
        send_picture(client, draw_digit(7))
    assert list_keys(bucket) == []


def test_missing_object_raises_file_not_found(bucket: Any) -> None:
    with pytest.raises(FileNotFoundError):
        default_storage.open("uploads/ab/none")
    with pytest.raises(FileNotFoundError):
        default_storage.get_modified_time("uploads/ab/none")
    assert not default_storage.exists("uploads/ab/none")
    default_storage.delete("uploads/ab/none")


@pytest.mark.django_db
def test_old_orphans_are_removed(
    bucket: Any,
    client: Client,
    champion: ModelVersion,
    draw_digit: Draw,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = Upload.objects.get(pk=send_picture(client, draw_digit(7)).json()["id"]).file.name
    default_storage.save("uploads/ab/orphan", ContentFile(b"of nobody"))
    assert orphans.remove_orphans() == 0, "it is too young"

    later = timezone.now() + orphans.ORPHAN_AFTER + timedelta(minutes=1)
    monkeypatch.setattr("classifier.uploads.orphans.timezone.now", lambda: later)
    assert orphans.remove_orphans() == 1
    assert list_keys(bucket) == [stored]


def test_unreachable_service_is_503(
    bucket: Any,
    service: "ThreadedMotoServer",
    client: Client,
    champion: ModelVersion,
    draw_digit: Draw,
    caplog: pytest.LogCaptureFixture,
) -> None:
    preview = f"/upload/{send_picture(client, draw_digit(7)).json()['id']}.jpg"
    service.stop()

    answer = send_picture(client, draw_digit(7))
    assert (answer.status_code, answer.json()["code"]) == (503, "no_storage")
    assert client.get(preview).status_code == 503
    assert Upload.objects.count() == 1
    assert "Could not connect" in caplog.text


def test_hanging_service_times_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ObjectStorage.client_config
    assert (usual.connect_timeout, usual.read_timeout) == (2, 5)
    monkeypatch.setattr(ObjectStorage, "client_config", usual.merge(Config(read_timeout=0.1)))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_bucket(settings, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(NoStorage, match="Read timeout"):
            default_storage.save("uploads/ab/one", ContentFile(b"content"))


def test_missing_bucket_is_no_storage(bucket: Any) -> None:
    media_store.probe_storage()
    bucket.delete()
    with pytest.raises(NoStorage, match="bucket does not exist"):
        default_storage.open("uploads/ab/one")
    with pytest.raises(NoStorage, match="bucket does not exist"):
        media_store.probe_storage()


def test_environment_names_the_bucket() -> None:
    code = "from django.conf import settings; print(settings.STORAGES['default'])"
    bucket = {"MEDIA_S3_BUCKET": "digits", "MEDIA_S3_ENDPOINT": "http://store:9000"}
    process = run_python("-c", code, environment=SITE | bucket)
    assert "classifier.uploads.object_storage.ObjectStorage" in process.stdout
    assert "'bucket_name': 'digits', 'endpoint_url': 'http://store:9000'" in process.stdout


def test_single_key_stops_the_start() -> None:
    code = "from django.conf import settings; settings.STORAGES"
    bucket = {"MEDIA_S3_BUCKET": "digits", "MEDIA_S3_ACCESS_KEY": "key"}
    process = run_python("-c", code, environment=SITE | bucket)
    assert "Set both MEDIA_S3_ACCESS_KEY and MEDIA_S3_SECRET_KEY" in process.stderr
