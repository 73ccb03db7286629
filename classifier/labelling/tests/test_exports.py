import csv
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django.fixtures import DjangoAssertNumQueries

from classifier.labelling import exports
from classifier.models import InputImage, Source
from classifier.tests import factories

pytestmark = pytest.mark.django_db

NPZ, ZIP = "/api/labels.npz", "/api/labels.zip"


def download(client: Client, address: str) -> bytes:
    response = client.get(address)
    content: bytes = response.getvalue()
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/zip")
    assert int(response.headers["Content-Length"]) == len(content)
    return content


def load_arrays(client: Client, query: str = "") -> dict[str, Any]:
    with np.load(BytesIO(download(client, NPZ + query)), allow_pickle=False) as file:
        return dict(file)


def create_labelled(label: str, hours_ago: int = 0, **values: Any) -> InputImage:
    when = timezone.now() - timedelta(hours=hours_ago)
    return factories.create_image(label=label, labelled_at=when, **values)


def test_arrays_hold_labelled_uploads_in_the_order_of_labelling(labeller_api: Client) -> None:
    pixels = bytes(range(256)) * 3 + bytes(16)
    newer = create_labelled("not_a_digit", 1)
    older = create_labelled("7", 2, pixels=pixels)

    exported = load_arrays(labeller_api)

    assert (exported["x"].shape, exported["x"].dtype) == ((2, 28, 28), np.uint8)
    assert exported["x"][0].tobytes() == pixels
    assert exported["y"].tolist() == [7, 10]
    assert exported["ids"].tolist() == [str(older.pk), str(newer.pk)]
    times = [
        image.labelled_at.replace(tzinfo=None) for image in (older, newer) if image.labelled_at
    ]
    assert exported["labelled_at"].tolist() == times


def test_mnist_and_unlabelled_images_are_not_exported(labeller_api: Client) -> None:
    factories.create_mnist_image()
    factories.create_image()

    assert load_arrays(labeller_api)["x"].shape == (0, 28, 28)
    with ZipFile(BytesIO(download(labeller_api, ZIP))) as archive:
        assert archive.namelist() == ["index.csv"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3]),
        ("?source=web", [1]),
        ("?source=api", [2, 3]),
        ("?labelled_after={}", [2, 3]),
        ("?source=api&labelled_after={}", [2, 3]),
    ],
)
def test_export_is_filtered_by_source_and_time(
    labeller_api: Client, query: str, expected: list[int]
) -> None:
    first = create_labelled("1", 3)
    for label, hours in (("2", 2), ("3", 1)):
        create_labelled(label, hours, source=Source.API)
    when = first.labelled_at.isoformat().replace("+00:00", "Z") if first.labelled_at else ""

    assert load_arrays(labeller_api, query.format(when))["y"].tolist() == expected


@pytest.mark.parametrize("query", ["?source=mnist", "?source=", "?labelled_after=yesterday"])
@pytest.mark.parametrize("address", [NPZ, ZIP])
def test_invalid_filter_is_refused(labeller_api: Client, address: str, query: str) -> None:
    response = labeller_api.get(address + query)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_zip_holds_dark_on_light_pictures_in_folders_by_label(labeller_api: Client) -> None:
    pixels = bytes(range(256)) * 3 + bytes(16)
    seven, other = create_labelled("7", 2, pixels=pixels), create_labelled("not_a_digit", 1)

    with ZipFile(BytesIO(download(labeller_api, ZIP))) as archive:
        names = [f"7/{seven.pk}.png", f"not_a_digit/{other.pk}.png"]
        assert archive.namelist() == [*names, "index.csv"]
        picture = Image.open(BytesIO(archive.read(names[0])))
        index = [*csv.DictReader(StringIO(archive.read("index.csv").decode(), newline=""))]

    assert bytes(255 - np.asarray(picture).reshape(-1)) == pixels
    assert [row["file"] for row in index] == names
    assert index[0] == {
        "file": names[0],
        "label": "7",
        "id": str(seven.pk),
        "upload": str(seven.upload_id),
        "sent_through": "web",
        "labelled_at": seven.labelled_at.isoformat() if seven.labelled_at else "",
    }


@pytest.mark.parametrize("address", [NPZ, ZIP])
@pytest.mark.parametrize("accept", ["application/zip", "image/png", "*/*"])
def test_export_ignores_the_accept_header(labeller_api: Client, address: str, accept: str) -> None:
    response = labeller_api.get(address, headers={"Accept": accept})

    assert response.status_code == 200
    assert ZipFile(BytesIO(response.getvalue())).testzip() is None
    assert response.headers["Content-Disposition"].startswith('attachment; filename="labels-')


def test_long_export_takes_one_query(
    labeller: User,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    for digit in range(5):
        create_labelled(str(digit), 9 - digit)
    file = BytesIO()

    with django_assert_num_queries(1):
        exports.write_npz(exports.list_labelled(), file)

    file.seek(0)
    with np.load(file) as exported:
        assert exported["y"].tolist() == [*range(5)]
        assert len(exported["x"]) == len(exported["ids"]) == len(exported["labelled_at"]) == 5
