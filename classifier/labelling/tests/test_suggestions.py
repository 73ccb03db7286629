import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from classifier.models import InputImage, QueueItem, Suggestion
from classifier.recognition.labels import KNOWN_LABELS
from classifier.tests import factories

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> InputImage:
    """An upload that a model called a 1."""
    image = factories.create_queue_item(guess="1").image
    factories.create_prediction(image, factories.create_version(), label="1", best_guess="1")
    return image


def post_suggestion(client: Client, image: InputImage, label: str) -> "Response":
    return client.post(f"/suggest/{image.pk}", {"label": label})


def get_result_page(client: Client, image: InputImage) -> str:
    return client.get(f"/result/{image.upload_id}").text


def list_suggestions(page: str) -> list[str]:
    return re.findall(r"Your suggestion: <strong>([^<]*)</strong>", page)


def test_each_digit_has_a_button_for_every_label(client: Client, image: InputImage) -> None:
    other = factories.create_image(upload=image.upload)
    factories.create_prediction(other, factories.create_version(name="another"))

    page = get_result_page(client, image)

    forms = re.findall(r'<form action="/suggest/([^"]*)" method="post"(.*?)</form>', page, re.S)
    assert {form[0] for form in forms} == {str(image.pk), str(other.pk)}
    for _, form in forms:
        labels = re.findall(r'name="label" value="([^"]*)"', form)
        assert sorted(labels) == sorted(KNOWN_LABELS)
        assert "csrfmiddlewaretoken" in form
    assert list_suggestions(page) == []


@pytest.mark.parametrize(("label", "text"), [("7", "7"), ("not_a_digit", "not a digit")])
def test_suggestion_is_acknowledged_and_shown(
    client: Client, image: InputImage, label: str, text: str
) -> None:
    response = post_suggestion(client, image, label)

    address = f"/result/{image.upload_id}"
    assert (response.status_code, response.headers["Location"]) == (302, address)
    page = get_result_page(client, image)
    assert "Thank you. Staff will check it." in page
    assert list_suggestions(page) == [text]


def test_newest_suggestion_is_shown_and_all_are_stored(client: Client, image: InputImage) -> None:
    for label in ("7", "9", "4"):
        post_suggestion(client, image, label)

    assert list_suggestions(get_result_page(client, image)) == ["4"]
    assert Suggestion.objects.filter(image=image).count() == 3
    assert QueueItem.objects.get(image=image).suggestion == "4"


def test_suggestion_is_shown_under_its_own_digit(client: Client, image: InputImage) -> None:
    first = factories.create_image(upload=image.upload, position=0)
    factories.create_prediction(first, factories.create_version(name="another"))
    InputImage.objects.filter(pk=image.pk).update(position=1)

    post_suggestion(client, image, "7")

    page = get_result_page(client, image)
    assert (
        page.index(f"/suggest/{first.pk}")
        < page.index("Your suggestion")
        < page.index(f"/suggest/{image.pk}")
    )


def test_suggestion_changes_no_label(client: Client, image: InputImage) -> None:
    post_suggestion(client, image, "7")

    image.refresh_from_db()
    assert (image.label, image.labelled_by, image.labelled_at) == ("unknown", None, None)
    assert QueueItem.objects.get(image=image).waiting
    assert not image.label_changes.exists()


@pytest.mark.parametrize("label", ["", "seven", "unknown", "77"])
def test_suggestion_that_is_no_label_is_refused(
    client: Client, image: InputImage, label: str
) -> None:
    response = post_suggestion(client, image, label)

    assert response.status_code == 400
    assert "is not a label. Use one of: 0, 1, 2" in response.text
    assert not Suggestion.objects.exists()


def test_suggestion_without_an_upload_is_not_found(client: Client) -> None:
    assert post_suggestion(client, factories.create_mnist_image(), "7").status_code == 404
    assert client.post(f"/suggest/{factories.UNKNOWN_ID}", {"label": "7"}).status_code == 404
    assert client.post("/suggest/1", {"label": "7"}).status_code == 404
    assert not Suggestion.objects.exists()


def test_suggestion_from_another_site_is_refused(image: InputImage) -> None:
    assert post_suggestion(Client(enforce_csrf_checks=True), image, "7").status_code == 403
    assert not Suggestion.objects.exists()


def test_suggestion_requires_a_post(client: Client, image: InputImage) -> None:
    assert client.get(f"/suggest/{image.pk}", {"label": "7"}).status_code == 405
    assert not Suggestion.objects.exists()
