import re
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from classifier.admin.images import ImageAdmin
from classifier.admin.uploads import UploadAdmin
from classifier.models import InputImage, Upload
from classifier.tests import factories

pytestmark = pytest.mark.django_db

UPLOADS = "/admin/classifier/upload/"
IMAGES = "/admin/classifier/inputimage/"


@pytest.fixture(autouse=True)
def _two_rows_per_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for page in (ImageAdmin, UploadAdmin):
        monkeypatch.setattr(page, "list_per_page", 2)


def list_ids(client: Client, address: str) -> list[str]:
    return re.findall(r"/([0-9a-f-]{36})/change/", client.get(address).text)


@pytest.mark.parametrize("address", [f"{IMAGES}?p=", f"{IMAGES}?label=all&p="])
def test_pages_of_images_hold_each_once_newest_first(admin_client: Client, address: str) -> None:
    images = [factories.create_image() for _ in range(5)]

    pages = [list_ids(admin_client, f"{address}{page}") for page in (1, 2, 3)]

    newest_first = [str(image.pk) for image in reversed(images)]
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


def test_pages_of_uploads_hold_each_once_newest_first(admin_client: Client) -> None:
    uploads = [factories.create_upload() for _ in range(3)]

    pages = [list_ids(admin_client, f"{UPLOADS}?p={page}") for page in (1, 2)]

    newest_first = [str(upload.pk) for upload in reversed(uploads)]
    assert pages == [newest_first[:2], newest_first[2:]]


@pytest.mark.parametrize("address", [IMAGES, UPLOADS])
def test_rows_before_a_page_are_skipped_by_key(admin_client: Client, address: str) -> None:
    for _ in range(5):
        factories.create_image()

    with CaptureQueriesContext(connection) as queries:
        admin_client.get(f"{address}?p=2")

    skipping = [each["sql"] for each in queries if "OFFSET" in each["sql"]]
    assert len(skipping) == 1
    assert re.match(r'SELECT "\w+"\."id" AS "pk" FROM', skipping[0])


def explain(rows: QuerySet[Any, Any]) -> str:
    """Explain a query on a long list, as the plan on an empty table is left to chance."""
    upload = factories.create_upload()
    labels = ["unknown", *"0123456789"] * 200
    InputImage.objects.bulk_create(
        InputImage(
            pixels=bytes(784),
            source=upload.source,
            upload=upload,
            box=[0, 0, 28, 28],
            label=label,
            labelled_at=None if label == "unknown" else upload.created_at,
        )
        for label in labels
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE input_data, uploads")
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    return rows.explain()


NEWEST = ("-created_at", "-id")
UPLOADED = InputImage.objects.uploaded()


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (UPLOADED.filter(label="7"), "input_data_by_label"),
        (UPLOADED, "input_data_newest"),
        (Upload.objects.all(), "uploads_newest"),
    ],
)
def test_keys_of_a_list_come_from_an_index(rows: QuerySet[Any, Any], index: str) -> None:
    keys = rows.order_by(*NEWEST).values_list("pk")[50:100]

    assert f"Index Only Scan using {index}" in explain(keys)
