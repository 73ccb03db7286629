"""Unexpected errors are reported to programs as JSON and to people as a page."""

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.tests.pictures import Draw
from classifier.uploads import submission


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a site that fails with an unexpected error."""

    def fail(*_: object) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr(submission, "classify_picture", fail)
    return Client(raise_request_exception=False)


def test_program_gets_json(visitor: Client, draw_digit: Draw) -> None:
    response = visitor.post("/api/predict", draw_digit(7), content_type="image/png")
    assert response.status_code == 500
    assert response.json()["code"] == "server_error"
    assert "internals" not in response.text


def test_person_gets_a_page(visitor: Client, draw_digit: Draw) -> None:
    response = visitor.post("/predict", {"image": SimpleUploadedFile("7.png", draw_digit(7))})
    assert response.status_code == 500
    assert "try again in a moment." in response.text
    assert "internals" not in response.text


def test_page_of_an_error_names_the_request(visitor: Client, draw_digit: Draw) -> None:
    response = visitor.post("/predict", {"image": SimpleUploadedFile("7.png", draw_digit(7))})

    assert f"name this request: <code>{response.headers['X-Request-ID']}</code>" in response.text


@pytest.mark.django_db
def test_missing_permission_names_the_remedy(labeller_client: Client) -> None:
    response = labeller_client.get("/admin/classifier/trainingrun/")

    assert response.status_code == 403
    assert "Ask the site&#x27;s administrator for the role that you need" in response.text
    assert 'href="/admin/"' in response.text


@pytest.mark.django_db
def test_missing_pages_lead_back_to_their_part(client: Client, labeller_client: Client) -> None:
    for visitor, address, back in (
        (client, "/nowhere", 'class="btn btn-primary btn-lg" href="/"'),
        (labeller_client, "/admin/nowhere/", 'class="btn btn-primary btn-lg" href="/admin/"'),
    ):
        response = visitor.get(address)
        assert response.status_code == 404
        assert "Page not found" in response.text
        assert back in response.text


@pytest.mark.django_db
def test_missing_documentation_names_the_remedy(client: Client, settings: Settings) -> None:
    settings.WHITENOISE_ROOT = None
    response = client.get("/docs/")
    assert response.status_code == 404
    assert "Run `make docs`" in response.text


def test_form_without_csrf_token_is_refused_with_advice(labeller: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(labeller)

    response = client.post("/admin/logout/")

    assert response.status_code == 403
    assert "reload the page and send the form again" in response.text
