"""Full or read-only disks and missing volumes get a status, a code and Retry-After."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg.errors
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Source, Upload
from classifier.tests import faults
from classifier.tests.pictures import Draw
from classifier.uploads import submission
from classifier.uploads.storage import MARKER

pytestmark = pytest.mark.django_db(transaction=True)

BreakStorage = Callable[[pytest.MonkeyPatch, Path], None]


FULL_DATABASE = psycopg.errors.DiskFull("could not extend file")
STANDBY = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")
OUTAGES = [
    (
        lambda patch, _: faults.break_new_files(patch, faults.raise_disk_full),
        507,
        "storage_full",
        "60",
    ),
    (
        lambda patch, _: patch.setattr(os, "fsync", faults.raise_over_quota),
        507,
        "storage_full",
        "60",
    ),
    (
        lambda patch, _: faults.break_new_files(patch, faults.raise_read_only),
        503,
        "no_storage",
        "5",
    ),
    (lambda _, media: (media / MARKER).unlink(), 503, "no_storage", "5"),
    (lambda _, media: (media / "uploads").write_bytes(b""), 503, "no_storage", "5"),
    (lambda patch, _: faults.break_cursors(patch, FULL_DATABASE), 507, "database_full", "60"),
    (lambda patch, _: faults.break_cursors(patch, STANDBY), 503, "no_database", "5"),
]
NAMES = ["full", "quota", "read-only", "unmounted", "file in the way", "full DB", "standby DB"]


def post_body(client: Client, picture: bytes) -> Any:
    return client.post("/api/predict", picture, "image/png")


def post_form(client: Client, picture: bytes) -> Any:
    return client.post("/predict", {"image": SimpleUploadedFile("7.png", picture)})


@pytest.mark.parametrize(("break_it", "status", "code", "retry_after"), OUTAGES, ids=NAMES)
@pytest.mark.parametrize("post", [post_body, post_form], ids=["API", "page"])
def test_upload_during_an_outage_is_refused(
    champion: ModelVersion,
    client: Client,
    draw_digit: Draw,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    post: Callable[[Client, bytes], Any],
    break_it: BreakStorage,
    status: int,
    code: str,
    retry_after: str,
) -> None:
    picture = draw_digit(7)
    client.post("/api/preview", picture, "image/png")  # loads the model
    with monkeypatch.context() as patched:
        break_it(patched, settings.MEDIA_ROOT)

        response = post(client, picture)

    assert (response.status_code, response.headers["Retry-After"]) == (status, retry_after)
    if response.headers["Content-Type"] == "application/problem+json":
        assert response.json()["code"] == code
    else:
        assert "ry again" in response.text
    assert not Upload.objects.exists()
    assert not list((settings.MEDIA_ROOT / "uploads").glob("*/*"))


def test_picture_on_an_unmounted_volume_is_unavailable(
    champion: ModelVersion, client: Client, draw_digit: Draw, settings: Settings
) -> None:
    address = f"/upload/{submission.classify_picture(draw_digit(7), Source.WEB).id}.jpg"
    mounted = settings.MEDIA_ROOT.rename(settings.MEDIA_ROOT.with_name("unmounted"))
    settings.MEDIA_ROOT.mkdir()

    assert client.get(address).status_code == 503

    settings.MEDIA_ROOT.rmdir()
    mounted.rename(settings.MEDIA_ROOT)
    assert client.get(address).status_code == 200


def test_page_in_german_explains_a_full_disk(
    champion: ModelVersion, client: Client, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.cookies["django_language"] = "de"
    monkeypatch.setattr(os, "fsync", faults.raise_disk_full)

    assert "Es gibt keinen Speicherplatz mehr für Bilder." in post_form(client, draw_digit(7)).text
