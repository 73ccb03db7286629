"""Uploads in a bucket, over HTTP: what is kept, shown, deleted, and said while it is away."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Upload
from classifier.uploads import media_store, orphans
from classifier.uploads.object_storage import ObjectStorage
from classifier.uploads.storage import NoStorage

if TYPE_CHECKING:
    from moto.server import ThreadedMotoServer

BUCKET = "uploads-of-the-test"
KEYS = {"access_key": "key", "secret_key": "hush"}


@pytest.fixture
def service() -> "Iterator[ThreadedMotoServer]":
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    s3_backends.reset()  # one memory for all servers of a process
    yield server
    server.stop()


@pytest.fixture
def bucket(service: "ThreadedMotoServer", settings: Settings) -> Any:
    """The bucket that uploads go to, as its owner sees it."""
    host, port = service.get_host_and_port()
    keep_in(settings, f"http://{host}:{port}")
    owner = boto3.resource(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="owner",
        aws_secret_access_key="of the bucket",
    )
    return owner.create_bucket(Bucket=BUCKET)


def keep_in(settings: Settings, endpoint: str) -> None:
    options = {"bucket_name": BUCKET, "region_name": "us-east-1", "endpoint_url": endpoint, **KEYS}
    kept = {"BACKEND": "classifier.uploads.object_storage.ObjectStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": kept}


def names(bucket: Any) -> list[str]:
    return [found.key for found in bucket.objects.all()]


def sent(client: Client, picture: bytes) -> Any:
    return client.post("/api/predict", picture, content_type="image/png")


def test_an_upload_is_kept_whole_and_for_nobody_else(
    bucket: Any, client: Client, champion: ModelVersion, drawn: Callable[..., bytes]
) -> None:
    answer = sent(client, drawn(7)).json()

    (kept,) = bucket.objects.all()
    assert kept.key == Upload.objects.get(pk=answer["id"]).file.name
    assert kept.get()["Body"].read() == drawn(7)
    grants = kept.Acl().grants
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
    assert "URI" not in grants[0]["Grantee"], "all users, or all of Amazon's"


def test_its_preview_is_shown(
    bucket: Any, client: Client, champion: ModelVersion, drawn: Callable[..., bytes]
) -> None:
    answer = sent(client, drawn(7)).json()

    shown = client.get(f"/upload/{answer['id']}.jpg")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")


def test_what_is_not_kept_leaves_nothing_in_the_bucket(
    bucket: Any,
    client: Client,
    champion: ModelVersion,
    drawn: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise IntegrityError("no rows")

    monkeypatch.setattr("classifier.uploads.submission.insert_rows", refuse)
    with pytest.raises(IntegrityError, match="no rows"):
        sent(client, drawn(7))
    assert names(bucket) == []


def test_what_is_not_there_is_said_as_of_any_file(bucket: Any) -> None:
    with pytest.raises(FileNotFoundError):
        default_storage.open("uploads/ab/none")
    with pytest.raises(FileNotFoundError):
        default_storage.get_modified_time("uploads/ab/none")
    assert not default_storage.exists("uploads/ab/none")
    default_storage.delete("uploads/ab/none")


@pytest.mark.django_db
def test_old_objects_that_have_no_upload_are_removed(
    bucket: Any,
    client: Client,
    champion: ModelVersion,
    drawn: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Upload.objects.get(pk=sent(client, drawn(7)).json()["id"]).file.name
    default_storage.save("uploads/ab/orphan", ContentFile(b"of nobody"))
    assert orphans.remove_orphans() == 0, "it is young"

    later = timezone.now() + orphans.ORPHAN_AFTER + timedelta(minutes=1)
    monkeypatch.setattr("classifier.uploads.orphans.timezone.now", lambda: later)
    assert orphans.remove_orphans() == 1
    assert names(bucket) == [kept]


def test_while_the_service_is_away_the_answer_is_503(
    bucket: Any,
    service: "ThreadedMotoServer",
    client: Client,
    champion: ModelVersion,
    drawn: Callable[..., bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown = f"/upload/{sent(client, drawn(7)).json()['id']}.jpg"
    service.stop()

    answer = sent(client, drawn(7))
    assert (answer.status_code, answer.json()["code"]) == (503, "no_storage")
    assert client.get(shown).status_code == 503
    assert Upload.objects.count() == 1
    assert "Could not connect" in caplog.text


def test_a_service_that_hangs_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = ObjectStorage.client_config
    assert (usual.connect_timeout, usual.read_timeout) == (2, 5)
    monkeypatch.setattr(ObjectStorage, "client_config", usual.merge(Config(read_timeout=0.1)))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        keep_in(settings, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(NoStorage, match="Read timeout"):
            default_storage.save("uploads/ab/one", ContentFile(b"content"))


def test_a_bucket_that_does_not_exist_is_no_missing_file(bucket: Any) -> None:
    media_store.probe_storage()
    bucket.delete()
    with pytest.raises(NoStorage, match="bucket does not exist"):
        default_storage.open("uploads/ab/one")
    with pytest.raises(NoStorage, match="bucket does not exist"):
        media_store.probe_storage()


def test_the_bucket_is_named_by_the_environment() -> None:
    asked = "from django.conf import settings; print(settings.STORAGES['default'])"
    said = python(asked, MEDIA_S3_BUCKET="digits", MEDIA_S3_ENDPOINT="http://store:9000")
    assert "classifier.uploads.object_storage.ObjectStorage" in said.stdout
    assert "'bucket_name': 'digits', 'endpoint_url': 'http://store:9000'" in said.stdout


def test_half_of_a_pair_of_keys_stops_the_start() -> None:
    asked = "from django.conf import settings; settings.STORAGES"
    said = python(asked, MEDIA_S3_BUCKET="digits", MEDIA_S3_ACCESS_KEY="key")
    assert "Set both MEDIA_S3_ACCESS_KEY and MEDIA_S3_SECRET_KEY" in said.stderr


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "mnistsite.settings"} | environment,
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
