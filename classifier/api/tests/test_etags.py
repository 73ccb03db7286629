"""What a client has already is not sent again, and what it has not seen is not overwritten."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from classifier.models import InputImage, LabelChange, ModelVersion, TrainingRun
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(champion: ModelVersion) -> InputImage:
    TrainingRun.objects.create()
    return factories.create_image()


def label(client: Client, image: InputImage, to: str, tag: str | None, **headers: str) -> Any:
    headers |= {"If-Match": tag} if tag is not None else {}
    return client.patch(
        f"/api/images/{image.pk}", {"label": to}, "application/json", headers=headers
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
def test_what_is_known_is_not_sent_again(
    admin_api: Client, image: InputImage, address: str
) -> None:
    address = address.format(image=image.pk, run=TrainingRun.objects.get().pk)
    first = admin_api.get(address)
    tag = first.headers["ETag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = admin_api.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["ETag"], "RateLimit" in again.headers) == (tag, True)
        assert again.headers["Content-Length"] == "0"
        assert "Content-Type" not in again.headers
    for other in ('"other"', "nonsense", ""):
        assert admin_api.get(address, headers={"If-None-Match": other}).content == first.content


def test_what_has_changed_is_sent_with_another_tag(admin_api: Client, image: InputImage) -> None:
    address = f"/api/images/{image.pk}"
    first = admin_api.get(address).headers["ETag"]
    factories.create_prediction(image, ModelVersion.objects.get())

    again = admin_api.get(address, headers={"If-None-Match": first})

    assert again.status_code == 200
    assert again.headers["ETag"] != first


def test_errors_have_no_tag(admin_api: Client, outsider: User) -> None:
    assert "ETag" not in admin_api.get("/api/runs/999").headers
    refused = Client().get("/api/images", headers={"If-None-Match": "*"})
    assert (refused.status_code, "ETag" in refused.headers) == (401, False)


def test_a_label_is_set_on_what_was_seen(admin_api: Client, image: InputImage) -> None:
    tag = admin_api.get(f"/api/images/{image.pk}").headers["ETag"]

    first = label(admin_api, image, "7", tag)
    second = label(admin_api, image, "1", first.headers["ETag"])

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["ETag"] == admin_api.get(f"/api/images/{image.pk}").headers["ETag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
def test_a_tag_may_have_become_weak_on_its_way(
    admin_api: Client, image: InputImage, form: str
) -> None:
    tag = admin_api.get(f"/api/images/{image.pk}").headers["ETag"]

    assert label(admin_api, image, "7", form.format(tag)).status_code == 200


@pytest.mark.parametrize("tag", ['"other"', "nonsense", ""])
def test_what_was_not_seen_is_not_overwritten(
    admin_api: Client, image: InputImage, tag: str
) -> None:
    response = label(admin_api, image, "7", tag)

    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    assert not LabelChange.objects.exists()


def test_a_label_that_somebody_set_meanwhile_stays(admin_api: Client, image: InputImage) -> None:
    tag = admin_api.get(f"/api/images/{image.pk}").headers["ETag"]
    assert label(admin_api, image, "1", None).status_code == 200

    assert label(admin_api, image, "7", tag).status_code == 412
    assert factories.get_label(image.pk) == "1"


def test_any_image_is_matched_by_a_star_if_there_is_one(
    admin_api: Client, image: InputImage
) -> None:
    assert label(admin_api, image, "7", "*").status_code == 200
    assert label(admin_api, InputImage(), "7", "*").status_code == 404


def test_who_may_not_label_learns_nothing_from_a_tag(image: InputImage, outsider: User) -> None:
    assert (
        label(Client(), image, "7", "*", **factories.create_token_header(outsider)).status_code
        == 403
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_with_the_same_tag_one_wins(admin_user: User) -> None:
    image, headers = factories.create_image(), factories.create_token_header(admin_user)
    tag = Client().get(f"/api/images/{image.pk}", headers=headers).headers["ETag"]

    def set_to(to: str) -> int:
        try:
            return int(label(Client(), image, to, tag, **headers).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(set_to, "0123"))

    assert sorted(said) == [200, 412, 412, 412]
    assert factories.get_label(image.pk) == "0123"[said.index(200)]
    assert LabelChange.objects.count() == 1
