from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.models import InputImage, LabelChange, ModelVersion, TrainingRun
from classifier.tests import factories
from classifier.tests.threads import run_in_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(champion: ModelVersion) -> InputImage:
    TrainingRun.objects.create()
    return factories.create_image()


def set_label(
    client: Client, image: InputImage, label: str, tag: str | None, **headers: str
) -> Any:
    headers |= {"If-Match": tag} if tag is not None else {}
    return client.patch(
        f"/api/images/{image.pk}", {"label": label}, "application/json", headers=headers
    )


ADDRESSES = [
    "/api/images",
    "/api/images/{image}",
    "/api/models",
    "/api/models/baseline",
    "/api/runs",
    "/api/runs/{run}",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_matching_etag_gets_304(admin_api: Client, image: InputImage, address: str) -> None:
    address = address.format(image=image.pk, run=TrainingRun.objects.get().pk)
    first = admin_api.get(address)
    tag = first.headers["ETag"]

    for value in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = admin_api.get(address, headers={"If-None-Match": value})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
        assert again.headers["Content-Length"] == "0"
        assert "Content-Type" not in again.headers
    for value in ('"other"', "nonsense", ""):
        assert admin_api.get(address, headers={"If-None-Match": value}).content == first.content


def test_changed_content_gets_another_etag(admin_api: Client, image: InputImage) -> None:
    address = f"/api/images/{image.pk}"
    first = admin_api.get(address).headers["ETag"]
    factories.create_prediction(image, ModelVersion.objects.get())

    again = admin_api.get(address, headers={"If-None-Match": first})

    assert again.status_code == 200
    assert again.headers["ETag"] != first


def test_errors_have_no_etag(admin_api: Client, outsider: User) -> None:
    assert "ETag" not in admin_api.get("/api/runs/999").headers
    rejected = Client().get("/api/images", headers={"If-None-Match": "*"})
    assert (rejected.status_code, "ETag" in rejected.headers) == (401, False)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
def test_matching_etag_allows_change(admin_api: Client, image: InputImage, form: str) -> None:
    address = f"/api/images/{image.pk}"
    tag = admin_api.get(address).headers["ETag"]

    first = set_label(admin_api, image, "7", form.format(tag))
    second = set_label(admin_api, image, "1", form.format(first.headers["ETag"]))

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["ETag"] == admin_api.get(address).headers["ETag"]


@pytest.mark.parametrize("tag", ['"other"', "nonsense", ""])
def test_other_etag_rejects_change(admin_api: Client, image: InputImage, tag: str) -> None:
    response = set_label(admin_api, image, "7", tag)

    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    assert not LabelChange.objects.exists()


def test_outdated_etag_rejects_change(admin_api: Client, image: InputImage) -> None:
    tag = admin_api.get(f"/api/images/{image.pk}").headers["ETag"]
    assert set_label(admin_api, image, "1", None).status_code == 200

    assert set_label(admin_api, image, "7", tag).status_code == 412
    assert factories.get_label(image.pk) == "1"


def test_star_matches_any_existing_image(admin_api: Client, image: InputImage) -> None:
    assert set_label(admin_api, image, "7", "*").status_code == 200
    assert set_label(admin_api, InputImage(), "7", "*").status_code == 404


def test_permission_is_checked_before_etag(image: InputImage, outsider: User) -> None:
    headers = factories.create_token_header(outsider)

    assert set_label(Client(), image, "7", "*", **headers).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_one_of_four_concurrent_changes_succeeds(admin_user: User) -> None:
    image, headers = factories.create_image(), factories.create_token_header(admin_user)
    tag = Client().get(f"/api/images/{image.pk}", headers=headers).headers["ETag"]

    def set_with_tag(label: str) -> int:
        return int(set_label(Client(), image, label, tag, **headers).status_code)

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(partial(run_in_thread, set_with_tag), "0123"))

    assert sorted(statuses) == [200, 412, 412, 412]
    assert factories.get_label(image.pk) == "0123"[statuses.index(200)]
    assert LabelChange.objects.count() == 1
